#include "host/terminal/entry_field.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/utf8.hpp"
#include "host/terminal/drawn_lines.hpp"
#include "host/terminal/line_input.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

/// Longer than any key; reserved at once, so that growing leaves no copy behind.
constexpr std::size_t kLongestText = 16u << 10;
constexpr std::string_view kDot = "•";

std::size_t characters_in(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// The end of a line, which is where one types.
std::string tail_of(std::string_view text, std::size_t cells) {
    while (cells_of(text) > cells && !text.empty()) {
        std::size_t first = 0;
        static_cast<void>(decode_utf8(text, first));
        text.remove_prefix(first);
    }
    return std::string(text);
}

Result<std::optional<Secret>> ask_on_screen(const EntryQuestion& question, const Context& context) {
    EntryField field(question);
    DrawnLines frame;
    KeyInput keys;
    while (true) {
        const std::size_t columns = columns_now(STDERR_FILENO) == 0 ? 80 : columns_now(STDERR_FILENO);
        frame.draw(field.lines(columns));
        const auto key = keys.next(context);
        const auto outcome = key && *key ? field.press(**key) : EntryField::Outcome::cancelled;
        if (outcome == EntryField::Outcome::open) continue;
        frame.erase();
        if (!key) return key.error();
        if (outcome == EntryField::Outcome::cancelled) return std::optional<Secret>();
        write_to_stderr(field.closing_line(columns) + '\n');
        return std::optional(field.answer());
    }
}

/// Where no line can be drawn over: an empty line goes back, unless it is an answer.
Result<std::optional<Secret>> ask_in_a_line(const EntryQuestion& question, const Context& context) {
    const auto suggestion = question.suggestion.empty() ? std::string() : fmt::format(" [{}]", sanitized_line(question.suggestion));
    const auto text = fmt::format("{}{}{}: ", sanitized_line(question.label), suggestion, question.kind == EntryQuestion::Kind::secret ? " (not shown)" : "");
    std::optional<Secret> typed;
    if (question.kind == EntryQuestion::Kind::secret) {
        QWEN_TRY(typed, read_hidden_line(STDIN_FILENO, text, context));
    } else {
        write_to_stderr(text);
        QWEN_TRY(auto line, read_line(STDIN_FILENO, context));
        if (line) typed.emplace(*line);
    }
    if (!typed || !typed->empty()) return typed;
    if (!question.suggestion.empty()) return std::optional(Secret(question.suggestion));
    return question.may_be_empty ? std::move(typed) : std::nullopt;
}

}  // namespace

EntryField::EntryField(EntryQuestion question) : question_(std::move(question)) { text_.reserve(kLongestText); }

EntryField::Outcome EntryField::press(const Key& key) {
    switch (key.kind) {
        case Key::Kind::enter: return text_.empty() && question_.suggestion.empty() && !question_.may_be_empty ? Outcome::open : Outcome::done;
        case Key::Kind::escape: return Outcome::cancelled;
        case Key::Kind::backspace:
            while (!text_.empty() && (static_cast<unsigned char>(text_.back()) & 0xC0U) == 0x80U) text_.pop_back();
            if (!text_.empty()) text_.pop_back();
            break;
        case Key::Kind::control:
            if (key.character == U'd' && text_.empty()) return Outcome::cancelled;
            if (key.character == U'r') shows_secret_ = !shows_secret_;
            if (key.character == U'u') wipe(text_), text_.reserve(kLongestText);
            break;
        case Key::Kind::character:
            if (text_.size() + 4 <= kLongestText) append_utf8(text_, key.character);
            break;
        default: break;
    }
    return Outcome::open;
}

Secret EntryField::answer() const { return Secret(text_.empty() ? std::string_view(question_.suggestion) : std::string_view(text_)); }

std::string EntryField::shown_text() const {
    if (question_.kind == EntryQuestion::Kind::text || shows_secret_) return sanitized_line(text_, kLongestText);
    std::string dots;
    for (std::size_t i = 0; i < characters_in(text_); ++i) dots += kDot;
    return dots;
}

std::vector<std::string> EntryField::lines(std::size_t columns) const {
    const std::size_t width = std::max<std::size_t>(columns, 2) - 1;
    std::string hint;
    if (!question_.suggestion.empty()) hint = fmt::format("Enter: {}, Esc back", question_.suggestion);
    else if (question_.kind == EntryQuestion::Kind::secret) hint = shows_secret_ ? "Ctrl-R hides it, Esc back" : "Ctrl-R shows it, Esc back";
    else hint = "Esc back";
    if (question_.may_be_empty) hint += ", Enter alone: none";
    const auto label = fitted(question_.label + ": ", width * 2 / 3);
    return {fitted(hint, width), label + tail_of(shown_text(), width - std::min(width, cells_of(label)))};
}

std::string EntryField::closing_line(std::size_t columns) const {
    const std::size_t width = std::max<std::size_t>(columns, 2) - 1;
    const auto answer = question_.kind == EntryQuestion::Kind::secret ? (text_.empty() ? std::string("none") : "••••••••")
                        : text_.empty()                               ? question_.suggestion
                                                                      : text_;
    return fitted(fmt::format("{}: {}", question_.label, answer), width);
}

Result<std::optional<Secret>> ask_entry(const EntryQuestion& question, const TerminalFacts& terminal, const Context& context) {
    if (!terminal.can_ask()) return std::optional<Secret>();
    return terminal.can_redraw() ? ask_on_screen(question, context) : ask_in_a_line(question, context);
}

}  // namespace qwen::host
