#include <fmt/format.h>

#include <functional>

#include "host/plugin/check/checks.hpp"
#include "host/plugin/check/process_snapshot.hpp"
#include "host/plugin/check/system_call_trap.hpp"

namespace qwen::host::plugin::check {

void offline_calls(Rehearsal& rehearsal) {
    rehearsal.host.watched = {Watch::offline_service};
    rehearsal.whole_life();
}

void no_system_calls(Rehearsal& rehearsal) {
    rehearsal.map();
    if (!trap_system_calls(rehearsal.board)) rehearsal.board.skip("this kernel has no seccomp");
    rehearsal.whole_life();
}

void process_state(Rehearsal& rehearsal) {
    const bool may_start_threads = rehearsal.plugin.manifest.starts_threads;
    const PrintedOutput output;
    const ProcessSnapshot before;
    rehearsal.map();
    if (const auto changed = before.difference(ProcessSnapshot(), may_start_threads); !changed.empty())
        rehearsal.board.fail(changed + " (loading)");
    rehearsal.load();
    rehearsal.life_with_a_key();
    rehearsal.life_with_a_sign_in();
    if (const auto changed = before.difference(ProcessSnapshot(), may_start_threads); !changed.empty()) rehearsal.board.fail(changed);
    if (const auto bytes = output.bytes(); bytes > 0)
        rehearsal.board.fail(fmt::format("{} bytes were printed; the host's log and qwen.ui/1 are for that", bytes));
}

void cancellation(Rehearsal& rehearsal) {
    rehearsal.load();
    auto& host = rehearsal.host;
    struct Entry {
        const char* name;
        std::function<qwen_status(const std::string& method)> call;
        bool needs_sign_in;
    };
    const Entry entries[] = {
        {"login", [&](const std::string& method) { return rehearsal.login(method); }, false},
        {"refresh", [&](const std::string&) { return rehearsal.refresh(); }, true},
        {"account status", [&](const std::string&) { return rehearsal.account(); }, true},
        {"models list", [&](const std::string&) { return rehearsal.models(); }, true},
    };
    // Cancels the waiting service with the number `at`, and all after it. False: the call was over before.
    const auto cancel = [&](const Entry& entry, const LoginMethod& method, int at) {
        rehearsal.prepare(method);
        if (rehearsal.create() != QWEN_OK) rehearsal.board.leave_undecided("`create` failed");
        rehearsal.issuer.script = {TokenReply::tokens};
        if (entry.needs_sign_in) rehearsal.login(method.id);
        rehearsal.issuer.script = {TokenReply::pending, TokenReply::slow_down, TokenReply::tokens};
        if (entry.needs_sign_in) rehearsal.issuer.script = {TokenReply::tokens};
        host.waiting_calls = host.calls_after_cancel = host.stores_after_cancel = 0;
        host.cancel_at = at;
        const auto status = entry.call(method.id);
        const bool was_cancelled = host.calls_after_cancel > 0;
        if (was_cancelled && status != QWEN_ERR_CANCELLED)
            rehearsal.board.fail(fmt::format("`{}` returned {} after service call {} was cancelled, not QWEN_ERR_CANCELLED", entry.name,
                                             status_name(status), at));
        if (host.stores_after_cancel > 0) rehearsal.board.fail(fmt::format("`{}` stored something after it was cancelled", entry.name));
        host.forget_cancellation();
        rehearsal.destroy();
        return was_cancelled;
    };
    constexpr int kMostCalls = 60;
    bool waits = false;
    for (const auto& method : rehearsal.plugin.manifest.methods) {
        for (const auto& entry : entries)
            for (int at = 1; at <= kMostCalls && cancel(entry, method, at); ++at) waits = true;
    }
    if (!waits) rehearsal.board.skip("nothing of the plugin waits");
}

void words_for_people(Rehearsal& rehearsal) {
    rehearsal.host.watched = {Watch::text};
    rehearsal.whole_life();
    // A server's words are not a plugin's: they may hold anything.
    rehearsal.configure(Rehearsal::Secrets::set);
    if (rehearsal.create() != QWEN_OK) return;
    for (const std::uint32_t status : {400U, 401U, 403U, 429U, 500U}) {
        rehearsal.on_response(status, "{\"error\":{\"message\":\"two\\nlines and \\u001b[31mred\"}}");
        rehearsal.on_response(status, "{\"error\":{\"message\":\"" + std::string(3000, 'x') + "\"}}");
        rehearsal.on_response(status, "\xff\xfe not utf-8 \x1b[2J\r\n");
    }
    rehearsal.destroy();
}

void secrets_are_marked(Rehearsal& rehearsal) {
    rehearsal.host.watched = {Watch::unmarked_secret};
    rehearsal.whole_life();
}

void secrets_stay_secret(Rehearsal& rehearsal) {
    rehearsal.host.watched = {Watch::leaked_secret};
    rehearsal.whole_life();
}

void origins(Rehearsal& rehearsal) {
    rehearsal.host.watched = {Watch::origin};
    rehearsal.whole_life();
}

}  // namespace qwen::host::plugin::check
