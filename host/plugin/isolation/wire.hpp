// The bytes between the program and a plugin's own process: numbers in host order, texts with a length in front.
//
// Both ends are the same executable, so there is no older or newer peer, but the plugin's process is hostile from the moment the plugin is mapped: a
// reader never trusts a length, and one wrong field makes the whole message invalid.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/base/secret.hpp"

namespace qwen::host::plugin {

/// Appends fields to one message. Credentials pass through it, so no copy is left behind when it grows or dies.
class WireWriter {
public:
    WireWriter() = default;
    WireWriter(const WireWriter&) = delete;
    WireWriter& operator=(const WireWriter&) = delete;
    ~WireWriter() { wipe(bytes_); }

    template <typename Number>
    WireWriter& number(Number value) {
        static_assert(std::is_integral_v<Number>);
        append(&value, sizeof value);
        return *this;
    }
    WireWriter& text(std::string_view value) {
        number(static_cast<std::uint32_t>(value.size()));
        append(value.data(), value.size());
        return *this;
    }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }

private:
    void append(const void* data, std::size_t size) {
        if (bytes_.capacity() < bytes_.size() + size) {
            std::string larger;
            larger.reserve(2 * (bytes_.size() + size));
            larger = bytes_;
            wipe(bytes_);
            bytes_.swap(larger);
        }
        bytes_.append(static_cast<const char*>(data), size);
    }

    std::string bytes_;
};

/// Takes fields off one message, borrowed for the reader's life. After the first field that is not there or over its limit, every other is empty and
/// `is_valid` says no: read everything, then ask once.
class WireReader {
public:
    explicit WireReader(std::string_view bytes) : rest_(bytes) {}

    template <typename Number>
    [[nodiscard]] Number number() {
        Number value = 0;
        if (!has(sizeof value)) return value;
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return value;
    }
    [[nodiscard]] bool flag() { return number<std::uint8_t>() != 0; }
    [[nodiscard]] std::string_view text(std::size_t limit) {
        const auto size = number<std::uint32_t>();
        if (size > limit) valid_ = false;
        if (!has(size)) return {};
        const std::string_view value = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return value;
    }
    /// How many elements follow; 0 when that is more than `limit`.
    [[nodiscard]] std::uint32_t count(std::uint32_t limit) {
        const auto size = number<std::uint32_t>();
        if (size > limit) valid_ = false;
        return valid_ ? size : 0;
    }
    /// Every field was there, and nothing is left over.
    [[nodiscard]] bool is_valid() const { return valid_ && rest_.empty(); }

private:
    [[nodiscard]] bool has(std::size_t size) {
        if (size > rest_.size()) valid_ = false;
        return valid_;
    }

    std::string_view rest_;
    bool valid_ = true;
};

}  // namespace qwen::host::plugin
