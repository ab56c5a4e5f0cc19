#include "host/terminal/markdown_writer.hpp"

#include <algorithm>

namespace qwen::host {
namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::size_t kLongestHeadingMark = 6;
constexpr std::size_t kShortestFence = 3;
constexpr std::size_t kLongestListNumber = 9;

std::size_t run_length(std::string_view text, char c) {
    const auto end = text.find_first_not_of(c);
    return end == std::string_view::npos ? text.size() : end;
}

bool is_blank_or_break(char c) { return c == ' ' || c == '\t' || c == '\n'; }

/// The line without its break, and whether all of it is there or more than may be held.
struct HeldLine {
    std::string_view text;
    TextEnd end;
};

HeldLine line_of(std::string_view rest, TextEnd end) {
    const auto line_break = rest.substr(0, MarkdownWriter::kMostHeld).find('\n');
    if (line_break != std::string_view::npos) return {rest.substr(0, line_break), TextEnd::final};
    if (rest.size() >= MarkdownWriter::kMostHeld) return {rest.substr(0, MarkdownWriter::kMostHeld), TextEnd::final};
    return {rest, end};
}

}  // namespace

void MarkdownWriter::feed(std::string_view text, std::string& out) {
    held_ += text;
    take(TextEnd::open, out);
}

void MarkdownWriter::finish(std::string& out) {
    take(TextEnd::final, out);
    pause(out);
}

void MarkdownWriter::pause(std::string& out) { show(kPlainText, out); }

void MarkdownWriter::take(TextEnd end, std::string& out) {
    std::string_view rest = held_;
    while (!rest.empty()) {
        const auto taken = step(rest, end, out);
        if (taken == 0) break;
        rest.remove_prefix(taken);
    }
    held_.erase(0, held_.size() - rest.size());
}

std::size_t MarkdownWriter::step(std::string_view rest, TextEnd end, std::string& out) {
    switch (place_) {
        case Place::start: return start_line(rest, end, out);
        case Place::inside: return inside(rest, end, out);
        case Place::verbatim: return verbatim(rest, out);
    }
    return 0;
}

std::size_t MarkdownWriter::start_line(std::string_view rest, TextEnd end, std::string& out) {
    if (rest.front() == '\n') return line_break(out);
    if (const auto blank = rest.find_first_not_of(kBlank); blank != 0) {
        const auto taken = blank == std::string_view::npos ? rest.size() : blank;
        put(rest.substr(0, taken), kPlainText, out);
        return taken;
    }
    if (fence_.is_in_quote && !is_quoted_ && rest.front() != '>') fence_ = {};
    if (fence_.character != 0) return start_code_line(rest, end, out);
    switch (rest.front()) {
        case '>':
            put(">", kFaint, out);
            is_quoted_ = true;
            line_style_ = kItalic;
            return 1;
        case '`':
        case '~': return open_fence(rest, end, out);
        case '#': return heading(rest, end, out);
        case '|': place_ = Place::verbatim; return verbatim(rest, out);
        default: return list_mark(rest, end, out);
    }
}

std::size_t MarkdownWriter::start_code_line(std::string_view rest, TextEnd end, std::string& out) {
    if (fence_.is_in_quote && !is_quoted_) {
        put(">", kFaint, out);
        is_quoted_ = true;
        return 1;
    }
    line_style_ = kCode;
    if (rest.front() == fence_.character) {
        const auto line = line_of(rest, end);
        const auto length = run_length(line.text, fence_.character);
        const bool is_closing = length >= fence_.length && line.text.find_first_not_of(kBlank, length) == std::string_view::npos;
        if (line.end == TextEnd::open && (is_closing || length == line.text.size())) return 0;
        if (is_closing) {
            fence_ = {};
            line_style_ = kFaint;
        }
    }
    place_ = Place::verbatim;
    return verbatim(rest, out);
}

std::size_t MarkdownWriter::open_fence(std::string_view rest, TextEnd end, std::string& out) {
    const char character = rest.front();
    const auto line = line_of(rest, end);
    const auto length = run_length(line.text, character);
    // What stands behind the fence has no backtick: that would be code inside of a line.
    const bool is_inline = length < line.text.size() && (length < kShortestFence || (character == '`' && line.text.find('`', length) != std::string_view::npos));
    if (!is_inline && line.end == TextEnd::open) return 0;
    if (is_inline || length < kShortestFence) {
        place_ = Place::inside;
        return inside(rest, end, out);
    }
    fence_ = {character, length, is_quoted_};
    place_ = Place::verbatim;
    line_style_ = kFaint;
    return verbatim(line.text, out);
}

std::size_t MarkdownWriter::heading(std::string_view rest, TextEnd end, std::string& out) {
    const auto length = run_length(rest, '#');
    if (length == rest.size() && length <= kLongestHeadingMark && end == TextEnd::open) return 0;
    if (length <= kLongestHeadingMark && (length == rest.size() || is_blank_or_break(rest[length]))) line_style_ = kBold;
    place_ = Place::inside;
    return inside(rest, end, out);
}

/// "-", "+", "*", "12." and "12)" with a blank behind; what follows may begin with a mark too.
std::size_t MarkdownWriter::list_mark(std::string_view rest, TextEnd end, std::string& out) {
    const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const bool is_number = digits > 0 && digits <= kLongestListNumber;
    const bool may_be_mark = is_number ? digits == rest.size() || rest[digits] == '.' || rest[digits] == ')' : std::string_view("-+*").find(rest.front()) != std::string_view::npos;
    const auto length = is_number ? digits + 1 : 1;
    if (may_be_mark && rest.size() <= length && end == TextEnd::open) return 0;
    if (may_be_mark && rest.size() > length && is_blank_or_break(rest[length])) {
        put(rest.substr(0, length), line_style_, out);
        return length;
    }
    place_ = Place::inside;
    return inside(rest, end, out);
}

std::size_t MarkdownWriter::inside(std::string_view rest, TextEnd end, std::string& out) {
    if (in_address_) {
        const auto address = end_of_address(rest, 0);
        put(rest.substr(0, address), line_style_, out);
        in_address_ = address == rest.size();
        if (address > 0) {
            before_ = class_of_last(rest.substr(0, address));
            return address;
        }
    }
    const auto plain = std::min(rest.find_first_of("*_`[\\:\n"), rest.size());
    if (plain > 0) {
        put(rest.substr(0, plain), line_style_, out);
        before_ = class_of_last(rest.substr(0, plain));
        return plain;
    }
    if (rest.front() == '\n') return line_break(out);
    if (rest.front() != ':') return span(rest, end, out);
    constexpr std::string_view kBeforeAddress = "://";
    if (rest.size() < kBeforeAddress.size() && kBeforeAddress.starts_with(rest) && end == TextEnd::open) return 0;
    in_address_ = rest.starts_with(kBeforeAddress);
    put(":", line_style_, out);
    before_ = CharacterClass::punctuation;
    return 1;
}

std::size_t MarkdownWriter::span(std::string_view rest, TextEnd end, std::string& out) {
    const auto line = line_of(rest, end);
    const auto span = read_markdown_span(line.text, before_, line.end);
    if (span.state == MarkdownSpan::State::undecided) return 0;
    before_ = CharacterClass::punctuation;
    if (span.state == MarkdownSpan::State::literal) {
        put(rest.substr(0, span.length), line_style_, out);
        return span.length;
    }
    const std::string_view shown = span.shown;
    for (std::size_t i = 0; i < shown.size();) {
        const auto begin = i;
        while (i < shown.size() && span.styles[i] == span.styles[begin]) ++i;
        put(shown.substr(begin, i - begin), static_cast<TextStyle>(span.styles[begin] | line_style_), out);
    }
    return span.length;
}

std::size_t MarkdownWriter::verbatim(std::string_view rest, std::string& out) {
    const auto length = std::min(rest.find('\n'), rest.size());
    if (length == 0) return line_break(out);
    put(rest.substr(0, length), line_style_, out);
    return length;
}

std::size_t MarkdownWriter::line_break(std::string& out) {
    put("\n", kPlainText, out);
    place_ = Place::start;
    line_style_ = kPlainText;
    is_quoted_ = false;
    in_address_ = false;
    before_ = CharacterClass::blank;
    return 1;
}

void MarkdownWriter::put(std::string_view text, TextStyle style, std::string& out) {
    if (text.empty()) return;
    show(style, out);
    out += text;
}

void MarkdownWriter::show(TextStyle style, std::string& out) {
    if (style == shown_) return;
    shown_ = style;
    out += "\033[0";
    if ((style & kBold) != 0) out += ";1";
    if ((style & kFaint) != 0) out += ";2";
    if ((style & kItalic) != 0) out += ";3";
    if ((style & kLinkText) != 0) out += ";4";
    if ((style & kCode) != 0) out += ";36";
    out += 'm';
}

}  // namespace qwen::host
