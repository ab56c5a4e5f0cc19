#include "host/terminal/markdown_writer.hpp"

#include <doctest/doctest.h>

#include <random>

#include "tests/unit/host/terminal/shown_text.hpp"

using namespace qwen::host;

namespace {

std::string rendered(std::string_view source) {
    MarkdownWriter writer;
    std::string out;
    writer.feed(source, out);
    writer.finish(out);
    return out;
}

/// Cut before each of `cuts`, with a pause at each.
std::string rendered_in_pieces(std::string_view source, const std::vector<std::size_t>& cuts, bool pauses) {
    MarkdownWriter writer;
    std::string out;
    std::size_t begin = 0;
    for (const auto cut : cuts) {
        writer.feed(source.substr(begin, cut - begin), out);
        if (pauses) writer.pause(out);
        begin = cut;
    }
    writer.feed(source.substr(begin), out);
    writer.finish(out);
    return out;
}

/// Text made of what Markdown is made of, whole characters only.
std::vector<std::string> random_tokens(std::mt19937& random) {
    static const std::vector<std::string> kTokens{
        "*", "**", "***", "_", "__", "`", "``", "```", "~~~", "#", "## ", "- ", "+ ", "1. ", "12) ", "> ", ">", "| ", "[", "]", "(", ")", "](", "://", ":", "\\",
        "\n", "\n\n", " ", "  ", "\t", "a", "word", "x_y_z", "https://a.b/c_d_e", ".", ",", "!", "\xE4\xB8\xAD\xE6\x96\x87", "\xEF\xBC\x8C", "\xC3\xA9", "\xF0\x9F\x98\x80"};
    std::vector<std::string> tokens(std::uniform_int_distribution<std::size_t>(0, 60)(random));
    for (auto& token : tokens) token = kTokens[random() % kTokens.size()];
    return tokens;
}

std::string joined(const std::vector<std::string>& tokens) {
    std::string text;
    for (const auto& token : tokens) text += token;
    return text;
}

/// Whether `shown` is `source` without some of its delimiters and escapes, a blank standing for a `]` before an address.
bool has_lost_only_delimiters(std::string_view source, std::string_view shown) {
    std::size_t at = 0;
    for (const char c : source) {
        if (at < shown.size() && (shown[at] == c || (c == ']' && shown[at] == ' '))) ++at;
        else if (std::string_view("*_`[]()\\ ").find(c) == std::string_view::npos) return false;
    }
    return at == shown.size();
}

}  // namespace

TEST_SUITE("host/terminal/markdown_writer") {

TEST_CASE("what is marked is shown in its style, and the marks inside of a line go") {
    struct Row {
        std::string_view source;
        std::string_view expected;
    };
    const Row rows[] = {
        {"plain text\n", "plain text\n"},
        {"a **bold** word\n", "a {b:bold} word\n"},
        {"__bold__ and _italic_ and *italic*\n", "{b:bold} and {i:italic} and {i:italic}\n"},
        {"***both***\n", "{bi:both}\n"},
        {"**bold *and italic* text**\n", "{b:bold }{bi:and italic}{b: text}\n"},
        {"call `f(x)` now\n", "call {c:f(x)} now\n"},
        {"``a ` b``\n", "{c:a ` b}\n"},
        {"`` ` ``\n", "{c:`}\n"},
        {"**`code` in bold**\n", "{bc:code}{b: in bold}\n"},
        {"`**no bold**`\n", "{c:**no bold**}\n"},
        {"# Title\ntext\n", "{b:# Title}\ntext\n"},
        {"### A `code` title\n", "{b:### A }{bc:code}{b: title}\n"},
        {"- one\n* two\n+ three\n1. four\n", "- one\n* two\n+ three\n1. four\n"},
        {"- [ ] **do** it\n", "- [ ] {b:do} it\n"},
        {"> said **so**\nnot quoted\n", "{f:>} {i:said }{bi:so}\nnot quoted\n"},
        {"```cpp\nint *a, *b;\n  # no title\n```\nafter *it*\n", "{f:```cpp}\n{c:int *a, *b;}\n  {c:# no title}\n{f:```}\nafter {i:it}\n"},
        {"~~~~\n~~~\n~~~~\n", "{f:~~~~}\n{c:~~~}\n{f:~~~~}\n"},
        {"- list\n  ```\n  x_y_z\n  ```\n", "- list\n  {f:```}\n  {c:x_y_z}\n  {f:```}\n"},
        {"> ```\n> a*b*c\n> ```\n", "{f:>} {f:```}\n{f:>} {c:a*b*c}\n{f:>} {f:```}\n"},
        {"> ```\n> code\nafter *it*\n", "{f:>} {f:```}\n{f:>} {c:code}\nafter {i:it}\n"},
        {"see [the page](https://a.b/c_d_e) now\n", "see {l:the page} (https://a.b/c_d_e) now\n"},
        {"[**bold**](http://x)\n", "{bl:bold} (http://x)\n"},
        {"[http://x](http://x)\n", "{l:http://x}\n"},
        {"![a picture](b.png)\n", "!{l:a picture} (b.png)\n"},
        {"| a | **b** |\n|---|---|\n", "| a | **b** |\n|---|---|\n"},
        {"\\*no\\* \\_no\\_ \\`no\\`\n", "*no* _no_ `no`\n"},
        {"**\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C**\xE4\xB8\x96\xE7\x95\x8C\n", "{b:\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C}\xE4\xB8\x96\xE7\x95\x8C\n"},
        {"no line break at the **end**", "no line break at the {b:end}"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.source);
        CHECK(with_styles_named(rendered(row.source)) == row.expected);
    }
}

TEST_CASE("what only looks like a mark stays as it is") {
    for (const std::string source :
         {"rm *.o and *.txt\n", "f(**kwargs) and *args\n", "2 * 3 * 4\n", "snake_case_name\n", "a ** b\n", "**never closed\n", "`never closed\n", "***\n---\n___\n",
          "#hashtag\n", "####### seven\n", "a[i](x y)\n", "[x](int y) {}\n", "[]()\n", "[1], [2]\n", "\\[ x^2 \\] and \\(y\\)\n", "C:\\new\\_\n", "https://a.b/_c_/d_e_\n",
          "one * two\n* three\n", "-> 5\n", "2024. \n1999.5\n", "``\n", "~~struck~~\n", "<b>html</b> &amp;\n", "a*\n*b\n", "\\"}) {
        CAPTURE(source);
        CHECK(rendered(source) == (source == "C:\\new\\_\n" ? "C:\\new_\n" : source));
    }
}

TEST_CASE("text is passed on as it arrives; a delimiter waits for its partner") {
    MarkdownWriter writer;
    std::string out;
    const auto after = [&](std::string_view text) {
        out.clear();
        writer.feed(text, out);
        writer.pause(out);
        return with_styles_named(out);
    };
    CHECK(after("Hello wor") == "Hello wor");
    CHECK(after("ld, **bo") == "ld, ");
    CHECK(after("ld*") == "");
    CHECK(after("* and") == "{b:bold} and");
    CHECK(after(" `x") == " ");
    CHECK(after("\n") == "`x\n");
    CHECK(after("```") == "");
    CHECK(after("sh\nls") == "{f:```sh}\n{c:ls}");
    CHECK(after(" -l\n``") == "{c: -l}\n");
    CHECK(after("`\n") == "{f:```}\n");
}

TEST_CASE("a delimiter without partner holds no more than its limit") {
    MarkdownWriter writer;
    std::string out;
    const std::string source = "**" + std::string(MarkdownWriter::kMostHeld - 3, 'x');
    writer.feed(source, out);
    CHECK(out.empty());
    writer.feed("y", out);
    CHECK(out == source + "y");
}

TEST_CASE("however the text is cut, the same bytes come out") {
    std::mt19937 random(20261123);
    for (int round = 0; round < 3000; ++round) {
        const auto tokens = random_tokens(random);
        const auto source = joined(tokens);
        std::vector<std::size_t> everywhere, some;
        for (std::size_t i = 1; i < source.size(); ++i) {
            if ((static_cast<unsigned char>(source[i]) & 0xC0) == 0x80) continue;
            everywhere.push_back(i);
            if (random() % 4 == 0) some.push_back(i);
        }
        const auto whole = rendered(source);
        CAPTURE(source);
        REQUIRE(rendered_in_pieces(source, everywhere, false) == whole);
        REQUIRE(rendered_in_pieces(source, some, false) == whole);
        REQUIRE(styled_text(rendered_in_pieces(source, everywhere, true)) == styled_text(whole));
    }
}

TEST_CASE("no character is lost or moved but delimiters that found their partner") {
    std::mt19937 random(4);
    for (int round = 0; round < 5000; ++round) {
        const auto source = joined(random_tokens(random));
        CAPTURE(source);
        REQUIRE(has_lost_only_delimiters(source, styled_text(rendered(source)).text));
    }
}

TEST_CASE("a line of any length goes through in time and memory that do not grow with its delimiters") {
    std::string source;
    for (int i = 0; i < 20000; ++i) source += "*a [b _c **d ";
    std::size_t most_held = 0;
    MarkdownWriter writer;
    std::string out;
    for (std::size_t i = 0; i < source.size(); ++i) {
        writer.feed(std::string_view(source).substr(i, 1), out);
        most_held = std::max(most_held, i + 1 - out.size());
    }
    CHECK(most_held <= MarkdownWriter::kMostHeld);
    writer.finish(out);
    const bool is_unchanged = out == source;
    CHECK(is_unchanged);
}

}
