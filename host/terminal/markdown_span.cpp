#include "host/terminal/markdown_span.hpp"

#include <algorithm>
#include <optional>

#include "core/base/utf8.hpp"

namespace qwen::host {
namespace {

constexpr std::string_view kDelimiters = "\\`[*_:";

bool is_ascii_punctuation(char32_t c) { return (c >= 0x21 && c <= 0x2F) || (c >= 0x3A && c <= 0x40) || (c >= 0x5B && c <= 0x60) || (c >= 0x7B && c <= 0x7E); }

bool is_blank(char32_t c) { return c <= 0x20 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000; }

CharacterClass class_of(char32_t c) {
    if (is_blank(c)) return CharacterClass::blank;
    return is_ascii_punctuation(c) ? CharacterClass::punctuation : CharacterClass::other;
}

std::size_t run_length(std::string_view text, std::size_t offset) {
    const auto end = text.find_first_not_of(text[offset], offset);
    return (end == std::string_view::npos ? text.size() : end) - offset;
}

/// A run of `*` or `_`, as far as it is not used up.
struct Delimiter {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t written = 0;  ///< how long it was
    char character = 0;
    bool may_open = false;
    bool may_close = false;

    [[nodiscard]] std::size_t left() const { return end - begin; }
};

/// CommonMark 6.2, rules 1 to 8.
Delimiter delimiter_at(std::string_view text, std::size_t offset, CharacterClass before) {
    const auto length = run_length(text, offset);
    const auto after = class_at(text, offset + length);
    using enum CharacterClass;
    const bool left = after != blank && (after != punctuation || before != other);
    const bool right = before != blank && (before != punctuation || after != other);
    const char character = text[offset];
    const bool is_star = character == '*';
    return {offset, offset + length, length, character, left && (is_star || !right || before == punctuation), right && (is_star || !left || after == punctuation)};
}

/// CommonMark 6.2, rules 9 and 10: what may be both is no partner where the lengths would leave the pair ambiguous.
bool are_partners(const Delimiter& opener, const Delimiter& closer) {
    if (opener.character != closer.character) return false;
    if (!opener.may_close && !closer.may_open) return true;
    return (opener.written + closer.written) % 3 != 0 || (opener.written % 3 == 0 && closer.written % 3 == 0);
}

class SpanReader {
public:
    SpanReader(std::string_view text, CharacterClass before, TextEnd end) : text_(text), before_(before), end_(end), marks_(text.size()) {}

    MarkdownSpan read() {
        const char first = text_.front();
        if (first == '*' || first == '_') return emphasis();
        const auto step = first == '\\' ? escape(0) : first == '`' ? code(0) : link(0);
        if (!step) return undecided();
        return step->is_markup ? complete(step->end) : MarkdownSpan{MarkdownSpan::State::literal, step->end};
    }

private:
    struct Mark {
        TextStyle style = kPlainText;
        bool is_hidden = false;
        bool is_gap = false;  ///< shown as a blank
    };
    /// How far something reaches. Absent: that cannot be said yet.
    struct Step {
        std::size_t end = 0;
        bool is_markup = false;
    };

    [[nodiscard]] bool is_final() const { return end_ == TextEnd::final; }
    static MarkdownSpan undecided() { return {}; }

    void hide(std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) marks_[i].is_hidden = true;
    }
    void add_style(std::size_t begin, std::size_t end, TextStyle style) {
        for (auto i = begin; i < end; ++i) marks_[i].style = static_cast<TextStyle>(marks_[i].style | style);
    }

    MarkdownSpan complete(std::size_t length) const {
        MarkdownSpan span{MarkdownSpan::State::complete, length};
        for (std::size_t i = 0; i < length; ++i) {
            if (marks_[i].is_hidden) continue;
            span.shown += marks_[i].is_gap ? ' ' : text_[i];
            span.styles.push_back(marks_[i].style);
        }
        return span;
    }

    std::optional<Step> escape(std::size_t at) {
        if (at + 1 == text_.size()) return is_final() ? std::optional(Step{at + 1}) : std::nullopt;
        const char next = text_[at + 1];
        if (next == '*' || next == '_' || next == '`') {
            hide(at, at + 1);
            return Step{at + 2, true};
        }
        return Step{is_ascii_punctuation(static_cast<unsigned char>(next)) ? at + 2 : at + 1};
    }

    /// CommonMark 6.1: as many backticks again, whatever stands between.
    std::optional<Step> code(std::size_t at) {
        const auto length = run_length(text_, at);
        const auto begin = at + length;
        for (auto i = text_.find('`', begin); i != std::string_view::npos;) {
            const auto closing = run_length(text_, i);
            if (i + closing == text_.size() && !is_final()) return std::nullopt;
            if (closing == length) {
                mark_code(at, begin, i, i + closing);
                return Step{i + closing, true};
            }
            i = text_.find('`', i + closing);
        }
        return is_final() ? std::optional(Step{begin}) : std::nullopt;
    }

    void mark_code(std::size_t outer_begin, std::size_t begin, std::size_t end, std::size_t outer_end) {
        const auto content = text_.substr(begin, end - begin);
        // A blank at both ends keeps backticks of the code apart from the delimiters.
        const bool has_padding = content.size() > 2 && content.front() == ' ' && content.back() == ' ' && content.find_first_not_of(' ') != std::string_view::npos;
        const std::size_t padding = has_padding ? 1 : 0;
        hide(outer_begin, begin + padding);
        hide(end - padding, outer_end);
        add_style(begin, end, kCode);
    }

    /// `[text](address)` becomes `text (address)`. The address is shown as it was written: nothing a server says is made clickable under another name.
    std::optional<Step> link(std::size_t at) {
        const auto unknown = is_final() ? std::optional(Step{at + 1}) : std::nullopt;
        auto bracket = text_.find_first_of("[]\\", at + 1);
        while (bracket != std::string_view::npos && text_[bracket] == '\\') bracket = text_.find_first_of("[]\\", std::min(bracket + 2, text_.size()));
        if (bracket == std::string_view::npos) return unknown;
        if (text_[bracket] == '[' || bracket == at + 1) return Step{at + 1};
        if (bracket + 1 == text_.size()) return unknown;
        if (text_[bracket + 1] != '(') return Step{at + 1};
        const auto address = bracket + 2;
        std::size_t depth = 1;
        for (auto i = address; i < text_.size(); ++i) {
            if (text_[i] == '(') ++depth;
            if (text_[i] == ' ' || text_[i] == '\t') return Step{at + 1};
            if (text_[i] != ')' || --depth > 0) continue;
            if (i == address) return Step{at + 1};
            mark_link(at, bracket, i);
            return Step{i + 1, true};
        }
        return unknown;
    }

    void mark_link(std::size_t opening, std::size_t closing, std::size_t end) {
        hide(opening, opening + 1);
        mark_inner(opening + 1, closing);
        add_style(opening + 1, closing, kLinkText);
        const auto label = text_.substr(opening + 1, closing - opening - 1);
        const auto address = text_.substr(closing + 2, end - closing - 2);
        if (label == address) hide(closing, end + 1);
        else marks_[closing].is_gap = true;
    }

    /// Spans inside of a link's text.
    void mark_inner(std::size_t begin, std::size_t end) {
        for (auto i = text_.find_first_of(kDelimiters, begin); i < end; i = text_.find_first_of(kDelimiters, i)) {
            const auto inner = text_.substr(i, end - i);
            if (inner.front() == ':' || inner.front() == '[') {
                ++i;
                continue;
            }
            SpanReader reader(inner, class_of_last(text_.substr(0, i)), TextEnd::final);
            const auto span = reader.read();
            if (span.state == MarkdownSpan::State::complete) std::copy_n(reader.marks_.begin(), span.length, marks_.begin() + static_cast<std::ptrdiff_t>(i));
            i += span.length;
        }
    }

    /// Whatever is no `*` or `_` but may hold some.
    std::optional<Step> skip(std::size_t at) {
        switch (text_[at]) {
            case '\\': return escape(at);
            case '`': return code(at);
            case '[': return link(at);
            default: return Step{text_.substr(at).starts_with("://") ? end_of_address(text_, at) : at + 1};
        }
    }

    /// The delimiter stack of CommonMark, until nothing on it waits for a partner.
    MarkdownSpan emphasis() {
        std::vector<Delimiter> openers;
        std::size_t last_closed = 0;
        std::size_t i = 0;
        for (; i != std::string_view::npos && i < text_.size(); i = text_.find_first_of(kDelimiters, i)) {
            if (text_[i] != '*' && text_[i] != '_') {
                const auto step = skip(i);
                if (!step) return undecided();
                i = step->end;
                continue;
            }
            auto run = delimiter_at(text_, i, i == 0 ? before_ : class_of_last(text_.substr(0, i)));
            if (run.end == text_.size() && !is_final()) return undecided();
            i = run.end;
            if (run.begin == 0 && !run.may_open) return {MarkdownSpan::State::literal, run.end};
            if (run.may_close && close(openers, run)) last_closed = run.end;
            if (run.left() > 0 && run.may_open) openers.push_back(run);
            if (openers.empty()) return complete(run.end);
        }
        if (!is_final()) return undecided();
        return last_closed > 0 ? complete(last_closed) : MarkdownSpan{MarkdownSpan::State::literal, openers.front().left()};
    }

    /// Whether it found a partner.
    bool close(std::vector<Delimiter>& openers, Delimiter& closer) {
        while (closer.left() > 0) {
            const auto found = std::find_if(openers.rbegin(), openers.rend(), [&](const Delimiter& opener) { return are_partners(opener, closer); });
            if (found == openers.rend()) break;
            auto& opener = *found;
            const std::size_t used = opener.left() >= 2 && closer.left() >= 2 ? 2 : 1;
            hide(opener.end - used, opener.end);
            hide(closer.begin, closer.begin + used);
            add_style(opener.end, closer.begin, used == 2 ? kBold : kItalic);
            opener.end -= used;
            closer.begin += used;
            const bool is_used_up = opener.left() == 0;
            openers.erase(is_used_up ? found.base() - 1 : found.base(), openers.end());
        }
        return closer.left() < closer.written;
    }

    std::string_view text_;
    CharacterClass before_;
    TextEnd end_;
    std::vector<Mark> marks_;
};

}  // namespace

CharacterClass class_at(std::string_view text, std::size_t offset) {
    return offset >= text.size() ? CharacterClass::blank : class_of(decode_utf8(text, offset));
}

CharacterClass class_of_last(std::string_view text) {
    if (text.empty()) return CharacterClass::blank;
    auto begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    return class_at(text, begin);
}

std::size_t end_of_address(std::string_view text, std::size_t offset) {
    const auto end = text.find_first_of(" \t\n\"'<>()[]*`", offset);
    return end == std::string_view::npos ? text.size() : end;
}

MarkdownSpan read_markdown_span(std::string_view text, CharacterClass before, TextEnd end) { return SpanReader(text, before, end).read(); }

}  // namespace qwen::host
