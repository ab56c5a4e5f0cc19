// What a terminal shows of the bytes of a MarkdownWriter: a strict reader of the only sequences there may be.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/terminal/markdown_span.hpp"

/// Text, and the style of each of its bytes.
struct StyledText {
    std::string text;
    std::vector<qwen::host::TextStyle> styles;
    bool operator==(const StyledText&) const = default;
};

/// Fails the test at any control character but line breaks, tabs and SGR sequences of the known parameters, and when the text ends in a style.
inline StyledText styled_text(std::string_view bytes) {
    using namespace qwen::host;
    static const std::map<std::string, TextStyle, std::less<>> kParameters{{"1", kBold}, {"2", kFaint}, {"3", kItalic}, {"4", kLinkText}, {"36", kCode}};
    StyledText shown;
    TextStyle style = kPlainText;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] != '\033') {
            const auto byte = static_cast<unsigned char>(bytes[i]);
            if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) FAIL("a control character at " << i);
            shown.text += bytes[i];
            shown.styles.push_back(style);
            continue;
        }
        const auto end = bytes.find('m', i);
        REQUIRE(end != std::string_view::npos);
        auto parameters = bytes.substr(i, end - i);
        REQUIRE(parameters.starts_with("\033[0"));
        style = kPlainText;
        for (parameters.remove_prefix(3); !parameters.empty();) {
            REQUIRE(parameters.front() == ';');
            parameters.remove_prefix(1);
            const auto known = kParameters.find(parameters.substr(0, parameters.find(';')));
            REQUIRE(known != kParameters.end());
            style = static_cast<TextStyle>(style | known->second);
            parameters.remove_prefix(known->first.size());
        }
        i = end;
    }
    REQUIRE(style == kPlainText);
    return shown;
}

/// "{b:bold} and {i:italic}": b bold, i italic, c code, l link, f faint. A blank or a line break between styles has none.
inline std::string with_styles_named(std::string_view bytes) {
    using namespace qwen::host;
    const auto shown = styled_text(bytes);
    std::string named;
    for (std::size_t i = 0; i < shown.text.size();) {
        const auto begin = i;
        const auto style = shown.styles[i];
        while (i < shown.text.size() && shown.styles[i] == style) ++i;
        const auto part = shown.text.substr(begin, i - begin);
        if (style == kPlainText) {
            named += part;
            continue;
        }
        named += '{';
        if ((style & kBold) != 0) named += 'b';
        if ((style & kItalic) != 0) named += 'i';
        if ((style & kCode) != 0) named += 'c';
        if ((style & kLinkText) != 0) named += 'l';
        if ((style & kFaint) != 0) named += 'f';
        named += ':' + part + '}';
    }
    return named;
}
