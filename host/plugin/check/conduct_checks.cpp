#include <fmt/format.h>

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
    if (!rehearsal.has_login() && !rehearsal.has_refresh()) rehearsal.board.skip("nothing of the plugin waits");
    auto& host = rehearsal.host;
    const auto judge = [&](std::string_view entry, qwen_status status) {
        if (host.calls_after_cancel == 0) return;
        if (status != QWEN_ERR_CANCELLED)
            rehearsal.board.fail(fmt::format("`{}` returned {} after service call {} was cancelled, not QWEN_ERR_CANCELLED", entry,
                                             status_name(status), host.cancel_at));
        if (host.stores_after_cancel > 0) rehearsal.board.fail(fmt::format("`{}` stored something after it was cancelled", entry));
    };
    constexpr int kMostCalls = 60;
    for (const auto& method : rehearsal.plugin.manifest.methods) {
        for (int at = 1; at <= kMostCalls; ++at) {
            rehearsal.configure(Rehearsal::Secrets::not_set);
            host.stored.clear();
            rehearsal.issuer.script = {TokenReply::pending, TokenReply::slow_down, TokenReply::tokens};
            host.waiting_calls = host.calls_after_cancel = host.stores_after_cancel = 0;
            // A host that cancels once: what comes after the cancelled call is a new one.
            host.cancel_at = at;
            if (rehearsal.create() != QWEN_OK) rehearsal.board.leave_undecided("`create` failed");
            judge("login", rehearsal.login(method.id));
            const bool was_cancelled = host.calls_after_cancel > 0;
            host.forget_cancellation();
            rehearsal.destroy();
            if (!was_cancelled) break;
        }
    }
    host.cancel_at = 0;
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
