#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>

#include "host/plugin/check/checks.hpp"

namespace qwen::host::plugin::check {
namespace {

void expect_state(Rehearsal& rehearsal, std::string_view when) {
    if (rehearsal.state() != QWEN_OK) return;
    const auto kind = rehearsal.host.call.state_kind;
    if (!kind) rehearsal.board.fail(fmt::format("`state` returned QWEN_OK and set no state ({})", when));
    if (*kind < QWEN_STATE_READY || *kind > QWEN_STATE_LOGIN_NEEDED)
        rehearsal.board.fail(fmt::format("the kind of a state is {} ({})", *kind, when));
}

}  // namespace

void ordinary_life(Rehearsal& rehearsal) {
    rehearsal.host.watched = {Watch::status};
    rehearsal.whole_life();
    rehearsal.configure(Rehearsal::Secrets::set);
    if (rehearsal.create() != QWEN_OK)
        rehearsal.board.fail(fmt::format("`create` failed with ordinary settings: {}", rehearsal.host.call.said));
    expect_state(rehearsal, "with a key");
    rehearsal.destroy();
    rehearsal.configure(Rehearsal::Secrets::not_set);
    rehearsal.host.stored.clear();
    if (rehearsal.create() != QWEN_OK)
        rehearsal.board.fail("`create` failed when nobody is signed in; only `authorize` may need a credential");
    expect_state(rehearsal, "nobody is signed in");
    for (const std::uint32_t status :
         {200U, 204U, 301U, 400U, 401U, 402U, 403U, 404U, 408U, 409U, 413U, 422U, 429U, 500U, 502U, 503U, 504U, 529U}) {
        rehearsal.on_response(status, R"({"error":{"message":"no"}})");
        const auto kind = rehearsal.host.call.verdict_kind.value_or(QWEN_VERDICT_PASS);
        if (kind < QWEN_VERDICT_PASS || kind > QWEN_VERDICT_FATAL)
            rehearsal.board.fail(fmt::format("the verdict on {} is {}", status, kind));
    }
    rehearsal.destroy();
}

void first_release_tables(Rehearsal& rehearsal) {
    rehearsal.host.tables = TableSize::first_release;
    rehearsal.whole_life();
}

void newer_tables(Rehearsal& rehearsal) {
    rehearsal.host.tables = TableSize::newer;
    if (rehearsal.shake_hands() == nullptr) rehearsal.board.fail("qwen_provider_entry_v1 returned NULL to a host of a later version 1.x");
    rehearsal.whole_life();
}

void services_removed(Rehearsal& rehearsal) {
    // A plugin keeps its host for the life of the process, so each service has a process of its own.
    const auto& required = rehearsal.plugin.manifest.required_services;
    std::vector<std::string> optional;
    for (const auto* id : {QWEN_EXT_HTTP, QWEN_EXT_CLOCK, QWEN_EXT_SECRETS, QWEN_EXT_UI, QWEN_EXT_RANDOM, QWEN_EXT_CRYPTO,
                           QWEN_EXT_SETTINGS, QWEN_EXT_COMMAND})
        if (std::find(required.begin(), required.end(), id) == required.end()) optional.emplace_back(id);
    if (rehearsal.part >= optional.size()) return;
    rehearsal.host.removed_service = optional[rehearsal.part];
    rehearsal.board.note_call("without " + optional[rehearsal.part]);
    if (rehearsal.shake_hands() == nullptr)
        rehearsal.board.fail(
            fmt::format("qwen_provider_entry_v1 returned NULL to a host without {}, which is not in `requires`", optional[rehearsal.part]));
    rehearsal.whole_life();
}

void declared_services(Rehearsal& rehearsal) {
    rehearsal.host.watched = {Watch::undeclared_service};
    rehearsal.whole_life();
}

void declared_settings(Rehearsal& rehearsal) {
    rehearsal.host.watched = {Watch::undeclared_setting};
    rehearsal.whole_life();
}

void no_leaks(Rehearsal& rehearsal) {
    constexpr int kLives = 200;
    constexpr std::size_t kLeast = 16;
    rehearsal.load();
    rehearsal.configure(Rehearsal::Secrets::set);
    const auto live = [&] {
        for (int i = 0; i < kLives; ++i) {
            if (rehearsal.create() != QWEN_OK) rehearsal.board.leave_undecided("`create` failed");
            rehearsal.destroy();
        }
        return ::mallinfo2().uordblks;
    };
    (void)live();
    const auto before = live();
    const auto after = live();
    if (after >= before + kLives * kLeast) {
        rehearsal.board.fail(
            fmt::format("{} bytes are left of each instance after `destroy` (measured over {})", (after - before) / kLives, kLives));
    }
}

void refusals_are_passed_on(Rehearsal& rehearsal) {
    rehearsal.load();
    rehearsal.configure(Rehearsal::Secrets::set);
    for (const auto& method : rehearsal.plugin.manifest.methods) {
        rehearsal.host.stored.clear();
        if (rehearsal.create() != QWEN_OK) rehearsal.board.leave_undecided("`create` failed");
        if (method.kind == "device-code") rehearsal.login(method.id);
        const bool adds_something = rehearsal.authorize() == QWEN_OK && !rehearsal.host.call.headers.empty();
        rehearsal.host.sink_refuses = true;
        if (adds_something && rehearsal.authorize() == QWEN_OK)
            rehearsal.board.fail("the host refused a header, and `authorize` returned QWEN_OK");
        if (rehearsal.state() == QWEN_OK) rehearsal.board.fail("the host refused the state, and `state` returned QWEN_OK");
        rehearsal.host.sink_refuses = false;
        rehearsal.destroy();
    }
}

}  // namespace qwen::host::plugin::check
