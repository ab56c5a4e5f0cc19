// Lines on standard error that are drawn again in the same place: the frame of a list or of an entry field.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qwen::host {

/// The text, sanitised, in at most `cells` columns; what does not fit ends in "…".
[[nodiscard]] std::string fitted(std::string_view text, std::size_t cells);
/// How many columns a text without control characters takes, at most.
[[nodiscard]] std::size_t cells_of(std::string_view text);

/// The cursor is behind the last line, and nothing above the first one is ever touched: also where a terminal wraps old lines anew after a resize, some of
/// which then stay. Not thread-safe.
class DrawnLines {
public:
    /// `lines`: at least one; none is wider than the terminal less one.
    void draw(const std::vector<std::string>& lines);
    void erase();

private:
    [[nodiscard]] std::string to_first_line() const;
    std::size_t drawn_ = 0;
};

}  // namespace qwen::host
