// Tells pasted text from typed text, so that a pasted line break does not send half a question.
//
// A terminal in bracketed paste mode puts ESC [ 2 0 0 ~ before what is pasted and ESC [ 2 0 1 ~ behind it. The line editor knows one line only, so a
// pasted line break is shown as kLineBreakMark and becomes a line break again when the line is finished.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qwen::host {

/// U+240A, SYMBOL FOR LINE FEED.
inline constexpr char32_t kLineBreakMark = 0x240A;
inline constexpr std::string_view kLineBreakMarkUtf8 = "\xE2\x90\x8A";
/// RECORD SEPARATOR, which an editor shows as "^^": for terminals that have no U+240A.
inline constexpr char32_t kAsciiLineBreakMark = 0x1E;
inline constexpr std::string_view kPasteModeOn = "\033[?2004h";
inline constexpr std::string_view kPasteModeOff = "\033[?2004l";

/// A state machine over what is read, character by character. Not thread-safe.
class PasteFilter {
public:
    /// `mark`: one of the two above.
    explicit PasteFilter(char32_t mark = kLineBreakMark) : mark_(mark) {}

    /// Appends what the editor is to see now to `out`: nothing while a marker may be arriving, more when it was none. Control characters inside a paste
    /// are dropped: an escape sequence hidden in copied text gives no command to the editor.
    void feed(char32_t character, std::u32string& out);
    [[nodiscard]] bool in_paste() const { return in_paste_; }

private:
    char32_t mark_;
    std::u32string held_;
    bool in_paste_ = false;
    bool after_return_ = false;
};

/// The finished line with its line breaks, whichever mark stands for them.
[[nodiscard]] std::string with_line_breaks(std::string line);

}  // namespace qwen::host
