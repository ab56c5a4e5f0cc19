#include "core/system/random.hpp"

#include <sys/random.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

#include "core/system/digest.hpp"

namespace qwen::system {

std::uint64_t Random::below(std::uint64_t bound) const {
    assert(bound > 0);
    // Values above the last multiple of `bound` are drawn again: taken modulo, they would favour small results.
    const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / bound * bound;
    for (;;) {
        std::array<std::byte, sizeof(std::uint64_t)> bytes{};
        fill(bytes);
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data(), sizeof value);
        if (value < limit) return value % bound;
    }
}

void SystemRandom::fill(std::span<std::byte> bytes) const {
    while (!bytes.empty()) {
        const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        // Going on with predictable bytes would be worse than any crash.
        if (count < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

std::string uuid_v4(const Random& random) {
    std::array<std::byte, 16> bytes{};
    random.fill(bytes);
    bytes[6] = (bytes[6] & std::byte{0x0F}) | std::byte{0x40};
    bytes[8] = (bytes[8] & std::byte{0x3F}) | std::byte{0x80};
    std::string text = hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    for (const std::size_t dash : {8u, 13u, 18u, 23u}) text.insert(dash, 1, '-');
    return text;
}

}  // namespace qwen::system
