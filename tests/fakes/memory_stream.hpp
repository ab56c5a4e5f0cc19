// A ByteStream over a script of reads: each element arrives in one piece; after the last comes the end, or an error.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>

#include "core/http/byte_stream.hpp"

namespace qwen::fakes {

class MemoryStream final : public http::ByteStream {
public:
    explicit MemoryStream(std::deque<std::string> reads, std::optional<Error> last = {}) : reads_(std::move(reads)), last_(std::move(last)) {}

    Result<std::size_t> read_some(std::span<char> buffer, std::chrono::milliseconds, const Context&) override {
        if (reads_.empty()) {
            if (last_) return *last_;
            return std::size_t{0};
        }
        const std::size_t count = reads_.front().copy(buffer.data(), buffer.size());
        reads_.front().erase(0, count);
        if (reads_.front().empty()) reads_.pop_front();
        return count;
    }
    Result<void> write_all(std::string_view bytes, std::chrono::milliseconds, const Context&) override {
        written += bytes;
        return {};
    }
    bool is_stale() override { return false; }

    std::string written;

private:
    std::deque<std::string> reads_;
    std::optional<Error> last_;
};

/// The text cut into pieces of `size` bytes.
inline std::deque<std::string> in_pieces(const std::string& text, std::size_t size) {
    std::deque<std::string> pieces;
    for (std::size_t at = 0; at < text.size(); at += size) pieces.push_back(text.substr(at, size));
    return pieces;
}

}  // namespace qwen::fakes
