#include <fmt/format.h>

#include <algorithm>

#include "host/plugin/check/checks.hpp"

namespace qwen::host::plugin::check {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kDay = 86'400 * kSecond;

using Script = std::deque<TokenReply>;

/// A new sign-in with nothing stored, as if it were the first.
qwen_status sign_in(Rehearsal& rehearsal, const std::string& method, Script script) {
    rehearsal.host.stored.clear();
    rehearsal.issuer.script = std::move(script);
    rehearsal.issuer.polls.clear();
    return rehearsal.login(method);
}

void expect_no_sign_in(Rehearsal& rehearsal, std::string_view when, qwen_status status) {
    if (status == QWEN_OK) rehearsal.board.fail(fmt::format("`login` returned QWEN_OK although {}", when));
    if (!rehearsal.host.stored.empty()) rehearsal.board.fail(fmt::format("`login` stored something although {}", when));
}

/// A sign-in that worked, whose access token is about to be renewed. Undecided when it does not come to that.
void be_signed_in(Rehearsal& rehearsal, const std::string& method) {
    if (!rehearsal.has_refresh()) rehearsal.board.skip("there is no qwen.refresh/1");
    if (sign_in(rehearsal, method, {TokenReply::tokens}) != QWEN_OK || rehearsal.host.stored.empty())
        rehearsal.board.leave_undecided("the sign-in does not work");
    rehearsal.host.utc_ms += 2 * 3600 * kSecond;
    rehearsal.host.mono_ms += 2 * 3600 * kSecond;
}

std::string stored_values(const RehearsalHost& host) {
    std::string all;
    for (const auto& [key, stored] : host.stored) all += key + '\0' + stored.value + '\0';
    return all;
}

}  // namespace

void sign_in_is_kept(Rehearsal& rehearsal) {
    rehearsal.load();
    if (!rehearsal.has_login()) rehearsal.board.skip("there is no qwen.login/1");
    for (const auto& method : rehearsal.plugin.manifest.methods) {
        // A command is run again, and "none" has nothing to keep.
        if (method.kind != "device-code" && method.kind != "api-key") continue;
        rehearsal.configure(Rehearsal::Secrets::not_set);
        if (rehearsal.create() != QWEN_OK) rehearsal.board.leave_undecided("`create` failed");
        const auto status = sign_in(rehearsal, method.id, {TokenReply::pending, TokenReply::tokens});
        // An extension for one method says so of the others; the host asks for keys itself.
        if (status == QWEN_ERR_UNSUPPORTED) continue;
        if (status != QWEN_OK)
            rehearsal.board.fail(fmt::format("`login` by '{}' returned {}: {}", method.id, status_name(status), rehearsal.host.call.said));
        rehearsal.destroy();
        if (rehearsal.create() != QWEN_OK || rehearsal.state() != QWEN_OK)
            rehearsal.board.fail(fmt::format("after `login` by '{}', a new instance has no state", method.id));
        if (rehearsal.host.call.state_kind != QWEN_STATE_READY && rehearsal.host.call.state_kind != QWEN_STATE_EXPIRING) {
            rehearsal.board.fail(
                fmt::format("`login` by '{}' returned QWEN_OK, and the state of a new instance is not QWEN_STATE_READY", method.id));
        }
        const auto authorized = rehearsal.authorize();
        if (authorized != QWEN_OK)
            rehearsal.board.fail(
                fmt::format("`login` by '{}' returned QWEN_OK, and `authorize` of a new instance {}", method.id, status_name(authorized)));
        rehearsal.destroy();
    }
}

void logout_erases(Rehearsal& rehearsal) {
    rehearsal.load();
    if (!rehearsal.has_login()) rehearsal.board.skip("there is no qwen.login/1");
    for (const auto& method : rehearsal.plugin.manifest.methods) {
        rehearsal.configure(Rehearsal::Secrets::not_set);
        if (rehearsal.create() != QWEN_OK) rehearsal.board.leave_undecided("`create` failed");
        (void)sign_in(rehearsal, method.id, {TokenReply::tokens});
        const auto status = rehearsal.logout();
        if (status != QWEN_OK && status != QWEN_ERR_UNSUPPORTED)
            rehearsal.board.fail(fmt::format("`logout` returned {}", status_name(status)));
        if (!rehearsal.host.stored.empty())
            rehearsal.board.fail(fmt::format("after `logout`, '{}' is still stored", rehearsal.host.stored.begin()->first));
        if (const auto again = rehearsal.logout(); again != QWEN_OK && again != QWEN_ERR_UNSUPPORTED) {
            rehearsal.board.fail(fmt::format("`logout` when nobody is signed in returned {}, not QWEN_OK", status_name(again)));
        }
        rehearsal.destroy();
    }
}

void polling_ends(Rehearsal& rehearsal) {
    const auto method = rehearsal.begin_device_sign_in();
    rehearsal.issuer.expires_in_s = kDay / kSecond;
    const auto start = rehearsal.host.mono_ms;
    const auto status = sign_in(rehearsal, method, {TokenReply::pending});
    if (status != QWEN_ERR_LOGIN_EXPIRED)
        rehearsal.board.fail(fmt::format(
            "after a day in which nobody approved the sign-in, `login` returned {}, not QWEN_ERR_LOGIN_EXPIRED", status_name(status)));
    if (rehearsal.host.mono_ms - start > kDay + 60 * kSecond)
        rehearsal.board.fail(fmt::format("the code expires in a day, and `login` waited {} s", (rehearsal.host.mono_ms - start) / kSecond));
    // A code that lives for a second, and one whose lifetime is no sense.
    for (const std::int64_t lifetime : {std::int64_t{1}, std::int64_t{0}, std::int64_t{-5}, std::int64_t{1} << 60}) {
        rehearsal.issuer.expires_in_s = lifetime;
        const auto from = rehearsal.host.mono_ms;
        (void)sign_in(rehearsal, method, {TokenReply::pending});
        if (rehearsal.host.mono_ms - from > 2 * kDay)
            rehearsal.board.fail(
                fmt::format("`login` waited {} s for a code with expires_in {}", (rehearsal.host.mono_ms - from) / kSecond, lifetime));
    }
}

void polling_pace(Rehearsal& rehearsal) {
    const auto method = rehearsal.begin_device_sign_in();
    for (const std::int64_t interval : {5, 12, 0}) {
        rehearsal.issuer.interval_s = interval;
        (void)sign_in(rehearsal, method, {TokenReply::pending, TokenReply::pending, TokenReply::pending, TokenReply::tokens});
        const auto& polls = rehearsal.issuer.polls;
        const std::int64_t least = std::max<std::int64_t>(interval, 1) * kSecond;
        for (std::size_t i = 1; i < polls.size(); ++i) {
            if (polls[i] - polls[i - 1] < least)
                rehearsal.board.fail(
                    fmt::format("the issuer asked for {} s between two polls, and there were {} ms", interval, polls[i] - polls[i - 1]));
        }
    }
}

void slow_down(Rehearsal& rehearsal) {
    const auto method = rehearsal.begin_device_sign_in();
    (void)sign_in(
        rehearsal, method,
        {TokenReply::pending, TokenReply::slow_down, TokenReply::pending, TokenReply::slow_down, TokenReply::pending, TokenReply::tokens});
    const auto& polls = rehearsal.issuer.polls;
    if (polls.size() < 6) rehearsal.board.fail(fmt::format("`login` gave up at slow_down, after {} polls", polls.size()));
    // The poll after the second answer of the script is the first that has to come later.
    const std::int64_t least[] = {5, 5, 10, 10, 15};
    for (std::size_t i = 1; i < 6; ++i) {
        if (polls[i] - polls[i - 1] >= least[i - 1] * kSecond || i < 2) continue;
        if (least[i - 1] > 5)
            rehearsal.board.fail(fmt::format("after slow_down, {} ms went by before the next poll; it has to be 5 s more than before",
                                             polls[i] - polls[i - 1]));
    }
}

void denied_and_expired(Rehearsal& rehearsal) {
    const auto method = rehearsal.begin_device_sign_in();
    const std::pair<TokenReply, qwen_status> outcomes[] = {{TokenReply::denied, QWEN_ERR_LOGIN_DENIED},
                                                           {TokenReply::expired, QWEN_ERR_LOGIN_EXPIRED}};
    for (const auto& [reply, expected] : outcomes) {
        const auto status = sign_in(rehearsal, method, {TokenReply::pending, reply});
        if (status != expected)
            rehearsal.board.fail(fmt::format("the issuer said {}, and `login` returned {}, not {}",
                                             reply == TokenReply::denied ? "access_denied" : "expired_token", status_name(status),
                                             status_name(expected)));
    }
}

void issuer_faults(Rehearsal& rehearsal) {
    const auto method = rehearsal.begin_device_sign_in();
    const std::pair<TokenReply, const char*> faults[] = {
        {TokenReply::unavailable, "the token endpoint said 503"},
        {TokenReply::too_many_requests, "the token endpoint said 429"},
        {TokenReply::unreachable, "the token endpoint was not reached"},
        {TokenReply::page, "the token endpoint answered with a page"},
        {TokenReply::null_token, "the access token was null"},
        {TokenReply::no_token, "there was no access token"},
        {TokenReply::empty, "the token endpoint's answer was empty"},
        {TokenReply::unknown_error, "the token endpoint said an unknown error"},
        {TokenReply::invalid_grant, "the token endpoint said invalid_grant"},
    };
    for (const auto& [reply, when] : faults) {
        expect_no_sign_in(rehearsal, when, sign_in(rehearsal, method, {reply}));
        expect_no_sign_in(rehearsal, when, sign_in(rehearsal, method, {TokenReply::pending, reply}));
    }
}

void device_faults(Rehearsal& rehearsal) {
    const auto method = rehearsal.begin_device_sign_in();
    const std::pair<std::uint32_t, std::string> replies[] = {
        {500, "<html>"},
        {503, "{}"},
        {404, "not found"},
        {200, "<!doctype html>"},
        {200, "{}"},
        {200, "null"},
        {200, "[]"},
        {200, R"({"error":"invalid_client"})"},
        {400, R"({"error":"invalid_client"})"},
        {200, R"({"user_code":"A","verification_uri":"https://example.com","expires_in":600})"},
        {200, R"({"device_code":"d","verification_uri":"https://example.com","expires_in":600})"},
        {200, R"({"device_code":null,"user_code":null,"verification_uri":null,"expires_in":null,"interval":null})"},
        {200, std::string(1U << 20, ' ')},
    };
    for (const auto& [status, body] : replies) {
        rehearsal.issuer.device_status = status;
        rehearsal.issuer.device_reply = body;
        const auto when = fmt::format("the device authorization endpoint said {} and {}", status, body.substr(0, 60));
        rehearsal.host.has_shown_code = false;
        expect_no_sign_in(rehearsal, when, sign_in(rehearsal, method, {TokenReply::pending}));
        if (rehearsal.host.has_shown_code || !rehearsal.issuer.polls.empty())
            rehearsal.board.fail(fmt::format("`login` went on although {}", when));
    }
}

void refresh_faults(Rehearsal& rehearsal) {
    const auto method = rehearsal.begin_device_sign_in();
    struct Fault {
        TokenReply reply;
        const char* what;
        std::uint32_t expected_class;
    };
    const Fault faults[] = {{TokenReply::unavailable, "503", 2},
                            {TokenReply::unreachable, "no connection", 2},
                            {TokenReply::page, "a page instead of JSON", 0},
                            {TokenReply::null_token, "a token that is null", 0},
                            {TokenReply::empty, "an empty answer", 0}};
    for (const auto& fault : faults) {
        be_signed_in(rehearsal, method);
        const auto before = stored_values(rehearsal.host);
        rehearsal.issuer.script = {fault.reply};
        const auto status = rehearsal.refresh();
        if (status == QWEN_OK) rehearsal.board.fail(fmt::format("`refresh` returned QWEN_OK after {}", fault.what));
        if (fault.expected_class != 0 && QWEN_STATUS_CLASS(status) != fault.expected_class) {
            rehearsal.board.fail(
                fmt::format("`refresh` returned {} after {}; that may work another time (2xx)", status_name(status), fault.what));
        }
        if (stored_values(rehearsal.host) != before)
            rehearsal.board.fail(fmt::format("`refresh` changed what is stored after {}", fault.what));
    }
    be_signed_in(rehearsal, method);
    rehearsal.issuer.script = {TokenReply::invalid_grant};
    if (const auto status = rehearsal.refresh(); status != QWEN_ERR_INVALID_GRANT) {
        rehearsal.board.fail(fmt::format("`refresh` returned {} after invalid_grant, not QWEN_ERR_INVALID_GRANT", status_name(status)));
    }
}

void refresh_token_is_kept(Rehearsal& rehearsal) {
    const auto method = rehearsal.begin_device_sign_in();
    be_signed_in(rehearsal, method);
    auto& renewals = rehearsal.issuer.renewals;
    renewals.clear();
    const auto renew = [&](TokenReply reply) {
        const std::string expected = rehearsal.issuer.refresh_token();
        rehearsal.issuer.script = {reply};
        if (const auto status = rehearsal.refresh(); status != QWEN_OK)
            rehearsal.board.fail(fmt::format("`refresh` returned {}: {}", status_name(status), rehearsal.host.call.said));
        if (renewals.empty() || renewals.back().find(expected) == std::string::npos)
            rehearsal.board.fail("`refresh` did not send the newest refresh token the issuer gave");
    };
    renew(TokenReply::no_refresh_token);  // RFC 6749 section 6: the old one stays
    renew(TokenReply::tokens);            // a new one, which takes its place
    renew(TokenReply::no_refresh_token);
    renew(TokenReply::tokens);
}

void store_conflicts(Rehearsal& rehearsal) {
    const auto method = rehearsal.begin_device_sign_in();
    for (const qwen_status refusal : {QWEN_ERR_CONFLICT, QWEN_ERR_STORAGE}) {
        rehearsal.host.before_store = [&](int) { return refusal; };
        (void)sign_in(rehearsal, method, {TokenReply::tokens});
        rehearsal.host.before_store = {};
        if (!rehearsal.has_refresh()) continue;
        be_signed_in(rehearsal, method);
        rehearsal.host.before_store = [&](int) { return refusal; };
        rehearsal.issuer.script = {TokenReply::tokens};
        (void)rehearsal.refresh();
        rehearsal.host.before_store = {};
    }
}

}  // namespace qwen::host::plugin::check
