// The same documents through cmark, the reference parser of CommonMark, which needs them whole: what it calls bold, italic, code and a link is shown so, and the
// text is the same. The documents are random, and keep to what markdown_span.hpp does not say otherwise.
#include <cmark.h>
#include <doctest/doctest.h>

#include <memory>
#include <random>

#include "host/terminal/markdown_writer.hpp"
#include "tests/unit/host/terminal/shown_text.hpp"

using namespace qwen::host;

namespace {

/// Blanks and line breaks are left out: where they stand between blocks is nobody's word.
void append(StyledText& shown, std::string_view part, TextStyle style) {
    for (const char c : part) {
        if (c == ' ' || c == '\n') continue;
        shown.text += c;
        shown.styles.push_back(style);
    }
}

TextStyle style_of(cmark_node* node) {
    switch (cmark_node_get_type(node)) {
        case CMARK_NODE_HEADING:
        case CMARK_NODE_STRONG: return kBold;
        case CMARK_NODE_BLOCK_QUOTE:
        case CMARK_NODE_EMPH: return kItalic;
        case CMARK_NODE_CODE:
        case CMARK_NODE_CODE_BLOCK: return kCode;
        case CMARK_NODE_LINK: return kLinkText;
        default: return kPlainText;
    }
}

/// What cmark makes of a document: visible text and styles. An address stands behind the text of its link.
StyledText parsed(const std::string& source) {
    const std::unique_ptr<cmark_node, decltype(&cmark_node_free)> document(cmark_parse_document(source.data(), source.size(), CMARK_OPT_DEFAULT), &cmark_node_free);
    const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> iterator(cmark_iter_new(document.get()), &cmark_iter_free);
    StyledText shown;
    std::vector<TextStyle> around{kPlainText};
    for (auto event = cmark_iter_next(iterator.get()); event != CMARK_EVENT_DONE; event = cmark_iter_next(iterator.get())) {
        auto* const node = cmark_iter_get_node(iterator.get());
        const auto style = static_cast<TextStyle>(around.back() | style_of(node));
        if (const char* const text = cmark_node_get_literal(node)) append(shown, text, style);
        else if (event == CMARK_EVENT_ENTER) around.push_back(style);
        else around.pop_back();
        if (event == CMARK_EVENT_EXIT && cmark_node_get_type(node) == CMARK_NODE_LINK) append(shown, std::string("(") + cmark_node_get_url(node) + ")", around.back());
    }
    return shown;
}

/// "## ", "- " and "1. ".
std::size_t mark_length(std::string_view line) {
    const auto end = line.find_first_not_of("#-.0123456789");
    const bool is_mark = end != std::string_view::npos && end > 0 && line[end] == ' ' && (line[0] == '#' || line[0] == '-' || line[end - 1] == '.');
    return is_mark ? end : 0;
}

/// What our writer makes of it, without the marks at the start of lines and without blanks.
StyledText ours(const std::string& source) {
    MarkdownWriter writer;
    std::string bytes;
    writer.feed(source, bytes);
    writer.finish(bytes);
    const auto shown = styled_text(bytes);
    StyledText bare;
    for (std::size_t i = 0; i < shown.text.size(); ++i) {
        if ((i == 0 || shown.text[i - 1] == '\n') && shown.styles[i] != kCode) i += mark_length(std::string_view(shown.text).substr(i));
        if ((shown.styles[i] & kFaint) == 0) append(bare, shown.text.substr(i, 1), shown.styles[i]);
    }
    return bare;
}

class Documents {
public:
    explicit Documents(unsigned seed) : random_(seed) {}

    std::string next() {
        std::string document;
        for (auto blocks = below(5) + 1; blocks > 0; --blocks) document += block() + "\n";
        return document;
    }

private:
    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

    std::string word() {
        static const std::vector<std::string> kWords{"alpha", "b", "snake_case_name", "2", "x", "\xE4\xB8\xAD\xE6\x96\x87", "f(x)", "caf\xC3\xA9", "end.", "a,b"};
        return kWords[below(static_cast<unsigned>(kWords.size()))];
    }
    std::string words() {
        std::string text = word();
        for (auto count = below(3); count > 0; --count) text += ' ' + word();
        return text;
    }
    /// Delimiters in many positions, with a partner or without, but never one beside another: there cmark 0.30 departs from the rules (a lone pair of backticks hides
    /// the pairs behind it, `*__, b_ c___` has no emphasis).
    std::string tangle() {
        static const std::vector<std::string> kParts{"*", "**", "***", "_", "__", "`", " ", "a", "bc", "d e"};
        std::string text;
        for (auto count = below(16) + 1; count > 0; --count) {
            const auto& part = kParts[below(static_cast<unsigned>(kParts.size()))];
            if (text.empty() || class_at(part, 0) != CharacterClass::punctuation || class_of_last(text) != CharacterClass::punctuation) text += part;
        }
        return text;
    }
    std::string line() {
        std::string text = word();
        for (auto count = below(4); count > 0; --count) {
            switch (below(7)) {
                case 0: text += " **" + words() + "**"; break;
                case 1: text += " *" + words() + "*"; break;
                case 2: text += " `" + words() + "`"; break;
                case 3: text += " [" + words() + "](https://a.b/" + std::to_string(below(100)) + ")"; break;
                case 4: text += " **" + word() + " *" + words() + "* `" + word() + "`**"; break;
                case 5: text += " " + tangle(); break;
                default: text += " " + words(); break;
            }
        }
        return text + " z";
    }
    std::string block() {
        switch (below(6)) {
            case 0: return std::string(below(6) + 1, '#') + " " + line() + "\n";
            case 1: return "- " + line() + "\n- " + line() + "\n";
            case 2: return "1. " + line() + "\n2. " + line() + "\n";
            case 3: return "> " + line() + "\n";
            case 4: return "```\n" + tangle() + "z\n  " + line() + "\n```\n";
            default: return line() + "\n";
        }
    }

    std::mt19937 random_;
};

}  // namespace

TEST_SUITE("host/terminal/markdown_oracle") {

TEST_CASE("whole documents have the styles that a parser of whole documents gives them") {
    Documents documents(20261123);
    for (int round = 0; round < 20000; ++round) {
        const auto source = documents.next();
        CAPTURE(source);
        const auto expected = parsed(source);
        const auto shown = ours(source);
        REQUIRE(shown.text == expected.text);
        REQUIRE(shown.styles == expected.styles);
    }
}

}
