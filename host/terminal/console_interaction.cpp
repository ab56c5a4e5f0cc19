#include "host/terminal/console_interaction.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "host/terminal/error_report.hpp"
#include "host/terminal/line_input.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/qr_code.hpp"
#include "host/terminal/sanitizer.hpp"
#include "host/terminal/verification_uri.hpp"

namespace qwen::host {
namespace {

constexpr unsigned kColumnsForCountdown = 44;

std::string_view outcome_text(auth::LoginEvent event) {
    switch (event) {
        case auth::LoginEvent::denied: return "refused in the browser; nothing was stored";
        case auth::LoginEvent::expired: return "the code expired";
        case auth::LoginEvent::network_lost: return "the network is gone; trying again until the code expires";
        case auth::LoginEvent::polling:
        case auth::LoginEvent::slowed_down:
        case auth::LoginEvent::authorized: return {};
    }
    return {};
}

/// Begun minutes.
long long minutes_left(UtcTime now, UtcTime end) {
    return std::max<long long>(0, std::chrono::duration_cast<std::chrono::minutes>(end - now + std::chrono::milliseconds(59'999)).count());
}

}  // namespace

std::string remaining_time(UtcTime now, UtcTime end) {
    const auto left = std::max<long long>(0, std::chrono::duration_cast<std::chrono::seconds>(end - now).count());
    if (left >= 3600) return fmt::format("{}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60);
    return fmt::format("{}:{:02}", left / 60, left % 60);
}

std::string verification_text(const auth::DeviceVerification& verification, const Url& link, const LoginScreen& screen, std::string_view browser_line,
                              UtcTime now) {
    std::string text = fmt::format("Sign in to {} {}.\n\n", sanitized_line(screen.provider_name), browser_line);
    text += fmt::format("  {}\n", link.to_string());
    text += fmt::format("  code  {}          valid {} min\n\n", sanitized_line(verification.user_code), minutes_left(now, verification.expires_at));
    text += fmt::format("Approve only if you started this yourself on {}.\n", sanitized_line(screen.host_name));
    return text;
}

ConsoleInteraction::ConsoleInteraction(LoginScreen screen, const TerminalFacts& terminal, const system::Environment& environment,
                                       const system::Clock& clock)
    : screen_(std::move(screen)), terminal_(terminal), environment_(environment), clock_(clock) {}

ConsoleInteraction::~ConsoleInteraction() { clear_waiting(); }

auth::Interactivity ConsoleInteraction::interactivity() const {
    return terminal_.can_ask() || screen_.interactivity == auth::Interactivity::always ? screen_.interactivity : auth::Interactivity::never;
}

Result<void> ConsoleInteraction::present_verification(const auth::DeviceVerification& verification, const Context& context) {
    if (context.cancelled()) return cancelled_error();
    const auto& uri = verification.verification_uri_complete.empty() ? verification.verification_uri : verification.verification_uri_complete;
    QWEN_TRY(const auto link, check_verification_uri(uri, screen_.provider_origins));

    const auto browser = decide_browser(environment_, terminal_.can_ask(), screen_.no_browser);
    const bool opens = link.may_open && !browser.program.empty();
    const auto browser_line = opens ? std::string("in the browser that opens now, or in any other")
                              : link.may_open ? fmt::format("from any browser (none is opened here: {})", browser.reason)
                                              : std::string("from any browser (the link is not on the provider's own site: look at it first)");
    std::string text = verification_text(verification, link.url, screen_, browser_line, clock_.utc_now());
    if (screen_.show_qr_code && terminal_.is_utf8) text += '\n' + qr_code(link.url.to_string());
    clear_waiting();
    write_to_stderr(text);
    // The code is on the screen before the browser opens (RFC 8628 section 5.4); a browser that does not start is no error.
    if (opens) open_browser(browser.program, link.url, environment_);

    expires_at_ = verification.expires_at;
    last_minutes_said_.reset();
    show_waiting();
    return {};
}

void ConsoleInteraction::report(auth::LoginEvent event, std::string_view detail) {
    if (event == auth::LoginEvent::polling || event == auth::LoginEvent::slowed_down) {
        show_waiting();
        return;
    }
    clear_waiting();
    if (event != auth::LoginEvent::network_lost) expires_at_.reset();
    std::string text(outcome_text(event));
    if (text.empty()) return;
    if (!detail.empty()) text += fmt::format(" ({})", detail);
    write_to_stderr(notice_text(text));
}

void ConsoleInteraction::show_waiting() {
    if (!expires_at_) return;
    const auto now = clock_.utc_now();
    if (terminal_.can_redraw() && !screen_.plain) {
        // What wraps cannot be drawn over.
        write_to_stderr(fmt::format("\r  {}waiting {} ", terminal_.columns < kColumnsForCountdown ? "" : "Ctrl-C cancels       ", remaining_time(now, *expires_at_)));
        waiting_shown_ = true;
        return;
    }
    const auto minutes = minutes_left(now, *expires_at_);
    if (last_minutes_said_ && *last_minutes_said_ > minutes) write_to_stderr(fmt::format("still waiting, {} min left\n", minutes));
    last_minutes_said_ = minutes;
}

void ConsoleInteraction::clear_waiting() {
    if (waiting_shown_) write_to_stderr("\r\033[K");
    waiting_shown_ = false;
}

Result<std::optional<Secret>> ConsoleInteraction::ask_secret(std::string_view question, const Context& context) {
    if (!terminal_.can_ask()) return std::optional<Secret>{};
    clear_waiting();
    return read_hidden_line(STDIN_FILENO, sanitized_line(question) + " (not shown): ", context);
}

Result<std::optional<std::string>> ConsoleInteraction::ask_text(std::string_view question, std::string_view suggestion, const Context& context) {
    if (!terminal_.can_ask()) return std::optional<std::string>{};
    clear_waiting();
    write_to_stderr(sanitized_line(question) + (suggestion.empty() ? ": " : fmt::format(" [{}]: ", sanitized_line(suggestion))));
    QWEN_TRY(auto line, read_line(STDIN_FILENO, context));
    if (line && line->empty()) line = std::string(suggestion);
    return line;
}

Result<std::optional<std::size_t>> ConsoleInteraction::choose(std::string_view question, const std::vector<std::string>& choices,
                                                              std::size_t safe_choice, const Context& context) {
    if (!terminal_.can_ask()) return std::optional<std::size_t>{};
    clear_waiting();
    std::string text = sanitized_line(question, 600) + '\n';
    for (std::size_t i = 0; i < choices.size(); ++i)
        text += fmt::format("  {}{} {}\n", i + 1, i == safe_choice ? " (Enter)" : "        ", sanitized_line(choices[i]));
    while (true) {
        write_to_stderr(text + "> ");
        QWEN_TRY(const auto line, read_line(STDIN_FILENO, context));
        if (!line || line->empty()) return std::optional<std::size_t>{safe_choice};
        std::size_t number = 0;
        const auto [end, status] = std::from_chars(line->data(), line->data() + line->size(), number);
        if (status == std::errc{} && end == line->data() + line->size() && number >= 1 && number <= choices.size())
            return std::optional<std::size_t>{number - 1};
        text = fmt::format("a number from 1 to {}\n", choices.size());
    }
}

void ConsoleInteraction::notice(std::string_view text) {
    clear_waiting();
    write_to_stderr(notice_text(text));
}

}  // namespace qwen::host
