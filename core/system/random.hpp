// Unpredictable bytes from the kernel, as an input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace qwen::system {

class Random {
public:
    virtual ~Random() = default;
    /// Throws std::system_error when the source fails, which no caller can mend.
    virtual void fill(std::span<std::byte> bytes) const = 0;
    /// Uniform in [0, bound); bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) const;
};

/// getrandom(2).
class SystemRandom final : public Random {
public:
    void fill(std::span<std::byte> bytes) const override;
};

/// A random UUID, version 4, in lower case (RFC 9562 section 5.4).
[[nodiscard]] std::string uuid_v4(const Random& random);

}  // namespace qwen::system
