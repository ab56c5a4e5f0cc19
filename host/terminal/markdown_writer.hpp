// Markdown on a terminal while it arrives: what has been shown is never drawn again.
//
// Nothing of the source is lost or moved, whatever it is: marks at the start of a line (`#`, `-`, `>`, fences, the bars of a table) stay where they are, a delimiter
// inside of a line (`**`, a backtick) goes only when its partner is there. Until then the text from the delimiter on is held, at most to the end of its line and
// kMostHeld bytes; everything else is passed on at once. How the text was cut makes no difference. Wrapping is left to the terminal.
// docs/decisions/0021-markdown-while-it-streams.md says why.
#pragma once

#include <string>
#include <string_view>

#include "host/terminal/markdown_span.hpp"

namespace qwen::host {

/// Not thread-safe. One object for one answer.
class MarkdownWriter {
public:
    static constexpr std::size_t kMostHeld = 200;

    /// Appends what can be shown of the text so far to `out`, with SGR sequences (ECMA-48 8.3.117) and no other. `text` is whole characters without controls but
    /// line breaks and tabs: what a Sanitizer lets through.
    void feed(std::string_view text, std::string& out);
    /// Gives the terminal its own colours back, so that whatever else is written to it, or ends the program, finds it as it was.
    void pause(std::string& out);
    /// The text has ended: what is held is shown.
    void finish(std::string& out);

private:
    /// Where in a line the text is.
    enum class Place : std::uint8_t {
        start,     ///< a mark of a block may stand here
        inside,    ///< text with spans
        verbatim,  ///< the rest of the line is as it is
    };
    /// A fenced block of code.
    struct Fence {
        char character = 0;  ///< '\0': there is none
        std::size_t length = 0;
        bool is_in_quote = false;
    };

    /// Each takes what it can of `rest`, which is not empty, and says how much; 0: more has to arrive.
    std::size_t step(std::string_view rest, TextEnd end, std::string& out);
    std::size_t start_line(std::string_view rest, TextEnd end, std::string& out);
    std::size_t start_code_line(std::string_view rest, TextEnd end, std::string& out);
    std::size_t open_fence(std::string_view rest, TextEnd end, std::string& out);
    std::size_t heading(std::string_view rest, TextEnd end, std::string& out);
    std::size_t list_mark(std::string_view rest, TextEnd end, std::string& out);
    std::size_t inside(std::string_view rest, TextEnd end, std::string& out);
    std::size_t span(std::string_view rest, TextEnd end, std::string& out);
    std::size_t verbatim(std::string_view rest, std::string& out);
    std::size_t line_break(std::string& out);

    void take(TextEnd end, std::string& out);
    void put(std::string_view text, TextStyle style, std::string& out);
    void show(TextStyle style, std::string& out);

    std::string held_;
    Place place_ = Place::start;
    Fence fence_;
    TextStyle line_style_ = kPlainText;
    bool is_quoted_ = false;  ///< this line has had a `>`
    bool in_address_ = false;
    CharacterClass before_ = CharacterClass::blank;
    TextStyle shown_ = kPlainText;
};

}  // namespace qwen::host
