// Memory whose end is the end of a page that can be read, and which can be taken back: whoever reads one byte too far, or too late, is
// stopped at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qwen::host::plugin::check {

class FencedMemory {
public:
    /// `size` bytes that end where nothing can be read any more. `label` says in a finding what they are. Never freed: a check is a short
    /// process.
    [[nodiscard]] void* allocate(std::size_t size, std::string_view label);
    [[nodiscard]] const char* copy(std::string_view bytes, std::string_view label);
    /// From now on nobody can read what was allocated since the last call.
    void take_back();
    /// What is wrong with an access to `address`; empty: it is none of this memory. For a signal handler.
    [[nodiscard]] std::string explain(const void* address) const;

private:
    struct Block {
        char* start;
        std::size_t mapped;
        std::string label;
        bool is_taken_back;
    };
    std::vector<Block> blocks_;
    std::size_t first_in_use_ = 0;
};

}  // namespace qwen::host::plugin::check
