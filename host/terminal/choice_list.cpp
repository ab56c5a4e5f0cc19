#include "host/terminal/choice_list.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "core/base/utf8.hpp"
#include "host/terminal/drawn_lines.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

constexpr std::size_t kNumbered = 9;
/// Title and last line, and one row of the terminal that stays free.
constexpr std::size_t kRowsAround = 3;
constexpr std::size_t kLongestLabel = 44;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

void erase_last_character(std::string& text) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.pop_back();
    if (!text.empty()) text.pop_back();
}

Result<std::optional<std::size_t>> ask_on_screen(const ChoiceQuestion& question, const Context& context) {
    ChoiceList list(question);
    DrawnLines frame;
    KeyInput keys;
    while (true) {
        const unsigned columns = columns_now(STDERR_FILENO);
        const unsigned rows = rows_now(STDERR_FILENO);
        frame.draw(list.lines(columns == 0 ? 80 : columns, rows == 0 ? 24 : rows));
        const auto key = keys.next(context);
        if (!key || !*key) {
            frame.erase();
            if (!key) return key.error();
            return std::optional<std::size_t>();
        }
        const auto outcome = list.press(**key);
        if (outcome == ChoiceList::Outcome::open) continue;
        frame.erase();
        return outcome == ChoiceList::Outcome::chosen ? list.current() : std::nullopt;
    }
}

std::string numbered_text(const ChoiceQuestion& question) {
    std::string text = sanitized_line(question.title, 600) + '\n';
    for (std::size_t i = 0; i < question.choices.size(); ++i) {
        const auto& choice = question.choices[i];
        const auto number = choice.refusal.empty() ? fmt::format("{:>3}", i + 1) : std::string("  -");
        const auto& behind = choice.refusal.empty() ? choice.detail : choice.refusal;
        text += fmt::format("{} {}{}\n", number, sanitized_line(choice.label), behind.empty() ? "" : ": " + sanitized_line(behind));
    }
    return text;
}

/// A number, or a part of one name.
std::optional<std::size_t> choice_of(const std::vector<Choice>& choices, std::string_view answer) {
    std::size_t number = 0;
    const auto [end, status] = std::from_chars(answer.data(), answer.data() + answer.size(), number);
    if (status == std::errc{} && end == answer.data() + answer.size() && number >= 1 && number <= choices.size())
        return choices[number - 1].refusal.empty() ? std::optional(number - 1) : std::nullopt;
    const auto matching = matching_choices(choices, answer);
    return matching.size() == 1 && choices[matching.front()].refusal.empty() ? std::optional(matching.front()) : std::nullopt;
}

Result<std::optional<std::size_t>> ask_by_number(const ChoiceQuestion& question, const Context& context) {
    std::string text = numbered_text(question);
    while (true) {
        write_to_stderr(text + "number, or part of a name (Enter: back): ");
        QWEN_TRY(const auto line, read_line(STDIN_FILENO, context));
        if (!line || line->empty()) return std::optional<std::size_t>();
        if (const auto chosen = choice_of(question.choices, *line)) return std::optional(*chosen);
        text = "that is not one of them\n";
    }
}

}  // namespace

std::vector<std::size_t> matching_choices(const std::vector<Choice>& choices, std::string_view filter) {
    std::vector<std::size_t> found;
    const auto wanted = lower(filter);
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const auto text = lower(choices[i].label + ' ' + choices[i].detail);
        bool matches = true;
        for (std::size_t at = 0; at < wanted.size() && matches;) {
            const auto end = std::min(wanted.find(' ', at), wanted.size());
            matches = text.find(wanted.substr(at, end - at)) != std::string::npos;
            at = end + 1;
        }
        if (matches) found.push_back(i);
    }
    return found;
}

ChoiceList::ChoiceList(ChoiceQuestion question) : question_(std::move(question)) {
    filter_again();
    if (question_.initial < shown_.size() && question_.choices[question_.initial].refusal.empty()) marked_ = question_.initial;
}

std::optional<std::size_t> ChoiceList::current() const {
    if (marked_ >= shown_.size() || !question_.choices[shown_[marked_]].refusal.empty()) return std::nullopt;
    return shown_[marked_];
}

void ChoiceList::filter_again() {
    shown_ = matching_choices(question_.choices, filter_);
    marked_ = 0;
    if (!current()) move(1);
}

/// To the next one that can be chosen; past the end it goes on at the other one.
void ChoiceList::move(int by) {
    const auto count = static_cast<int>(shown_.size());
    if (count == 0) return;
    auto place = static_cast<int>(marked_);
    for (int tried = 0; tried < count; ++tried) {
        place = (place + by + count) % count;
        if (!question_.choices[shown_[static_cast<std::size_t>(place)]].refusal.empty()) continue;
        marked_ = static_cast<std::size_t>(place);
        return;
    }
}

ChoiceList::Outcome ChoiceList::press(const Key& key) {
    constexpr int kPage = 8;
    switch (key.kind) {
        case Key::Kind::enter: return current() ? Outcome::chosen : Outcome::open;
        case Key::Kind::escape: return Outcome::cancelled;
        case Key::Kind::up: move(-1); break;
        case Key::Kind::down: move(1); break;
        case Key::Kind::home: marked_ = shown_.empty() ? 0 : shown_.size() - 1; move(1); break;
        case Key::Kind::end: marked_ = 0; move(-1); break;
        case Key::Kind::page_up:
            for (int i = 0; i < kPage && marked_ > 0; ++i) move(-1);
            break;
        case Key::Kind::page_down:
            for (int i = 0; i < kPage && marked_ + 1 < shown_.size(); ++i) move(1);
            break;
        case Key::Kind::backspace: erase_last_character(filter_); filter_again(); break;
        case Key::Kind::control:
            if (key.character == U'd' && filter_.empty()) return Outcome::cancelled;
            if (key.character == U'u') {
                filter_.clear();
                filter_again();
            } else if (key.character == U'p' || key.character == U'n') {
                move(key.character == U'p' ? -1 : 1);
            }
            break;
        case Key::Kind::character: {
            const bool selects = question_.digits == ChoiceQuestion::Digits::select && filter_.empty() && key.character >= U'1' && key.character <= U'9';
            const auto place = selects ? static_cast<std::size_t>(key.character - U'1') : 0;
            if (selects && place < shown_.size()) {
                if (question_.choices[shown_[place]].refusal.empty()) marked_ = place;
                break;
            }
            if (key.character == U'\n') break;
            append_utf8(filter_, key.character);
            filter_again();
            break;
        }
        case Key::Kind::resized: break;
    }
    return Outcome::open;
}

std::string ChoiceList::row_text(std::size_t shown, std::size_t columns, std::size_t label_cells) const {
    const auto& choice = question_.choices[shown_[shown]];
    const bool has_number = question_.digits == ChoiceQuestion::Digits::select && filter_.empty() && shown < kNumbered && choice.refusal.empty();
    std::string text = shown == marked_ && current() ? "> " : "  ";
    if (question_.digits == ChoiceQuestion::Digits::select) text += has_number ? fmt::format("{} ", shown + 1) : std::string("  ");
    const auto label = fitted(choice.label, label_cells);
    const auto& behind = choice.refusal.empty() ? choice.detail : choice.refusal;
    text += label;
    if (!behind.empty()) text += std::string(label_cells - std::min(label_cells, cells_of(label)) + 2, ' ') + behind;
    return fitted(text, columns);
}

std::vector<std::string> ChoiceList::lines(std::size_t columns, std::size_t rows) const {
    const std::size_t width = std::max<std::size_t>(columns, 2) - 1;
    std::size_t label_cells = 0;
    for (const auto& choice : question_.choices) label_cells = std::max(label_cells, cells_of(sanitized_line(choice.label)));
    label_cells = std::min({label_cells, kLongestLabel, width > 4 ? width - 4 : 1});

    const std::size_t room = std::max<std::size_t>(rows, kRowsAround + 1) - kRowsAround;
    const std::size_t first = marked_ < room ? 0 : std::min(marked_ - room / 2, shown_.size() - std::min(room, shown_.size()));
    std::vector<std::string> lines{fitted(question_.title, width)};
    for (std::size_t i = first; i < std::min(first + room, shown_.size()); ++i) lines.push_back(row_text(i, width, label_cells));
    if (shown_.empty()) lines.push_back(fitted("  nothing matches; Ctrl-U clears the filter", width));
    const bool is_part = shown_.size() > room || shown_.size() < question_.choices.size();
    const auto count = is_part ? fmt::format(" ({} of {})", shown_.size(), question_.choices.size()) : std::string();
    // The cursor stands behind it, where the next letter goes.
    lines.push_back(fitted(fmt::format("Enter chooses, Esc back{}, filter: {}", width < 60 ? "" : count, filter_), width));
    return lines;
}

Result<std::optional<std::size_t>> ask_choice(const ChoiceQuestion& question, const TerminalFacts& terminal, const Context& context) {
    if (!terminal.can_ask()) return std::optional<std::size_t>();
    return terminal.can_redraw() ? ask_on_screen(question, context) : ask_by_number(question, context);
}

}  // namespace qwen::host
