#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "host/plugin/check/checks.hpp"

namespace qwen::host::plugin::check {
namespace {

/// The rest of a check: known values first, then as many made of its seed.
constexpr int kRandomRounds = 200;

std::string random_bytes(std::mt19937_64& random, std::size_t most) {
    std::string bytes(random() % (most + 1), '\0');
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
    return bytes;
}

/// A good value with something wrong in it.
std::string damaged(std::string value, std::mt19937_64& random) {
    if (value.empty()) return random_bytes(random, 64);
    switch (random() % 4) {
        case 0:
            value.resize(random() % value.size());
            break;
        case 1:
            value[random() % value.size()] ^= static_cast<char>(1U << random() % 8);
            break;
        case 2:
            value.insert(random() % value.size(), random_bytes(random, 16));
            break;
        default:
            value.erase(random() % value.size(), 1 + random() % 8);
            break;
    }
    return value;
}

void use(Rehearsal& rehearsal) {
    rehearsal.state();
    rehearsal.authorize();
    rehearsal.sign();
    rehearsal.on_response(401, R"({"error":{"message":"no"}})");
    rehearsal.refresh();
}

std::vector<std::string> odd_values() {
    return {"",
            " ",
            "\n",
            std::string(1, '\0'),
            "\r\nX-Injected: 1",
            "null",
            "{}",
            "[]",
            "\"",
            "{\"access_token\":",
            "{\"access_token\":null,\"refresh_token\":12,\"expiry_date\":\"x\"}",
            "-1",
            "1e999",
            "99999999999999999999",
            "\xff\xfe\xfd",
            "\xed\xa0\x80",
            std::string(64U << 10, 'A'),
            std::string(5000, '['),
            std::string(4000, '{'),
            "http://",
            "https://[",
            "https://user:password@example.com:99999/",
            "javascript:alert(1)",
            "//",
            "%00",
            "../../etc/passwd",
            "$(id)",
            "a,b,,c",
            "Name: value\nOther"};
}

}  // namespace

void corrupt_state(Rehearsal& rehearsal) {
    rehearsal.load();
    auto& host = rehearsal.host;
    rehearsal.configure(Rehearsal::Secrets::not_set);
    std::mt19937_64 random(rehearsal.seed);
    // What the plugin stores itself, where it signs in; what the host stores, where it does not.
    if (rehearsal.create() != QWEN_OK) rehearsal.board.leave_undecided("`create` failed");
    for (const auto& method : rehearsal.plugin.manifest.methods) rehearsal.login(method.id);
    auto good = host.stored;
    if (good.count("api_key") == 0) good["api_key"] = {host.make_secret("stored"), 0, 1};
    if (good.count("credentials") == 0) good["credentials"] = {R"({"access_token":"a","refresh_token":"r","expiry_date":1})", 0, 1};
    const auto try_value = [&](const std::string& key, const std::string& value) {
        host.stored = good;
        host.stored[key].value = value;
        if (random() % 2 == 0) host.stored[key].expires_at_utc_ms = static_cast<std::int64_t>(random());
        use(rehearsal);
    };
    for (const auto& [key, stored] : good) {
        for (const auto& value : odd_values()) try_value(key, value);
        for (int i = 0; i < kRandomRounds; ++i) try_value(key, i % 2 == 0 ? random_bytes(random, 300) : damaged(stored.value, random));
    }
    rehearsal.logout();
    rehearsal.destroy();
}

void odd_settings(Rehearsal& rehearsal) {
    rehearsal.load();
    std::mt19937_64 random(rehearsal.seed);
    const auto& settings = rehearsal.plugin.manifest.settings;
    if (settings.empty()) rehearsal.board.skip("the manifest has no settings");
    const auto key_of = [](const config::Setting& setting) { return setting.key.substr(setting.key.rfind('.') + 1); };
    const auto live = [&](const std::function<void(std::map<std::string, std::string>&)>& change) {
        rehearsal.configure(Rehearsal::Secrets::set);
        change(rehearsal.host.settings);
        if (rehearsal.create() != QWEN_OK) return;
        use(rehearsal);
        rehearsal.destroy();
    };
    live([](auto& values) { values.clear(); });
    for (const auto& setting : settings) {
        live([&](auto& values) { values.erase(key_of(setting)); });
        for (const auto& value : odd_values()) live([&](auto& values) { values[key_of(setting)] = value; });
    }
    for (int i = 0; i < kRandomRounds; ++i) {
        live([&](auto& values) {
            for (const auto& setting : settings)
                if (random() % 3 == 0)
                    values[key_of(setting)] = random() % 2 == 0 ? random_bytes(random, 200) : damaged(values[key_of(setting)], random);
        });
    }
}

void odd_answers(Rehearsal& rehearsal) {
    rehearsal.load();
    rehearsal.configure(Rehearsal::Secrets::set);
    std::mt19937_64 random(rehearsal.seed);
    if (rehearsal.create() != QWEN_OK) rehearsal.board.leave_undecided("`create` failed");
    const auto judge = [&](std::uint32_t status) {
        const auto kind = rehearsal.host.call.verdict_kind.value_or(QWEN_VERDICT_PASS);
        if (kind < QWEN_VERDICT_PASS || kind > QWEN_VERDICT_FATAL)
            rehearsal.board.fail(fmt::format("the verdict on {} is {}", status, kind));
    };
    for (const std::uint32_t status : {100U, 199U, 200U, 400U, 401U, 403U, 429U, 500U, 599U}) {
        for (const auto& value : odd_values()) {
            rehearsal.on_response(status, value.substr(0, 4096));
            judge(status);
            for (const auto* header : {"retry-after", "retry-after-ms", "x-ratelimit-reset", "www-authenticate", ""}) {
                rehearsal.on_response(status, "{}", header, value.substr(0, 4096));
                judge(status);
            }
        }
        for (int i = 0; i < kRandomRounds / 4; ++i) {
            rehearsal.on_response(status, i % 2 == 0
                                              ? random_bytes(random, 4096)
                                              : damaged(R"({"error":{"code":"insufficient_quota","message":"m","type":"t"}})", random));
            judge(status);
        }
    }
    rehearsal.destroy();
}

}  // namespace qwen::host::plugin::check
