// A provider with everything around it in memory: settings, secrets, a person who answers, a server that answers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/auth/memory_store.hpp"
#include "host/plugin/plugin_host.hpp"
#include "tests/fakes/fake_clock.hpp"

namespace qwen::tests {

/// Answers every question with `answer`; nobody is there when it is empty.
class ScriptedPerson final : public auth::Interaction {
public:
    std::string answer;
    std::vector<std::string> notices;
    std::vector<auth::LoginEvent> events;

    [[nodiscard]] auth::Interactivity interactivity() const override {
        return answer.empty() ? auth::Interactivity::never : auth::Interactivity::if_available;
    }
    [[nodiscard]] Result<void> present_verification(const auth::DeviceVerification&, const Context&) override { return {}; }
    void report(auth::LoginEvent event, std::string_view) override { events.push_back(event); }
    [[nodiscard]] Result<std::optional<Secret>> ask_secret(std::string_view, const Context&) override {
        if (answer.empty()) return std::optional<Secret>();
        return std::optional<Secret>(Secret(answer));
    }
    [[nodiscard]] Result<std::optional<std::string>> ask_text(std::string_view, std::string_view, const Context&) override {
        if (answer.empty()) return std::optional<std::string>();
        return std::optional<std::string>(answer);
    }
    [[nodiscard]] Result<std::optional<std::size_t>> choose(std::string_view, const std::vector<std::string>&, std::size_t safe,
                                                            const Context&) override {
        return std::optional<std::size_t>(safe);
    }
    void notice(std::string_view text) override { notices.emplace_back(text); }
};

class TextBody final : public http::BodyReader {
public:
    explicit TextBody(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] Result<std::size_t> read_some(std::span<char> buffer) override {
        const std::size_t size = std::min(buffer.size(), text_.size() - at_);
        std::copy_n(text_.data() + at_, size, buffer.data());
        at_ += size;
        return size;
    }

private:
    std::string text_;
    std::size_t at_ = 0;
};

/// Everything a provider's services are made of. `settings` are "api_key" → value, set as if by a flag.
class ProviderScene {
public:
    explicit ProviderScene(const host::plugin::Manifest& manifest, std::vector<std::pair<std::string, std::string>> settings = {}) {
        config::SettingTable table;
        for (const config::Setting& setting : manifest.settings) (void)table.add(setting);
        config::Layer flags{.source = config::Source::flag, .entries = {}};
        for (auto& [key, value] : settings) {
            config::Provenance from{.source = config::Source::flag, .trust = config::TrustClass::explicit_choice, .name = key, .location = {}, .file = {}};
            flags.entries.push_back({.key = manifest.setting_key(key), .value = Secret(value), .from = std::move(from)});
        }
        std::vector<config::Layer> layers;
        layers.push_back(std::move(flags));
        resolution_ = std::make_unique<config::Resolution>(config::resolve(table, std::move(layers)).value());
    }

    [[nodiscard]] host::plugin::ServiceDependencies dependencies() {
        return {.send =
                    [this](http::Request request, const Context&) -> Result<http::Response> {
                        requests.push_back(request.url.to_string());
                        if (failure) return *failure;
                        http::Response response;
                        response.status = status;
                        response.body = std::make_unique<TextBody>("{}");
                        return response;
                    },
                .run_command = {},
                .log = [this](std::uint32_t, std::string_view plugin, std::string_view line) { log.push_back(std::string(plugin) + ": " + std::string(line)); },
                .settings = *resolution_,
                .secrets = secrets,
                .interaction = person,
                .clock = clock,
                .random = random};
    }

    auth::MemoryStore secrets;
    ScriptedPerson person;
    FakeClock clock;
    system::SystemRandom random;
    int status = 200;
    std::optional<Error> failure;
    std::vector<std::string> requests;
    std::vector<std::string> log;

private:
    std::unique_ptr<config::Resolution> resolution_;
};

}  // namespace qwen::tests
