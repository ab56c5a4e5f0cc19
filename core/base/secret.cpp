#include "core/base/secret.hpp"

#include <cstring>
#include <utility>

namespace qwen {

void wipe(void* bytes, std::size_t size) noexcept {
    if (size != 0) ::explicit_bzero(bytes, size);
}

void wipe(std::string& text) noexcept {
    wipe(text.data(), text.capacity());
    text.clear();
}

Secret::Secret(std::string_view text) : bytes_(text.empty() ? nullptr : new char[text.size()]), size_(text.size()) {
    if (size_ != 0) std::memcpy(bytes_.get(), text.data(), size_);
}

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe(bytes_.get(), size_);
        bytes_ = std::move(other.bytes_);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

Secret::~Secret() { wipe(bytes_.get(), size_); }

Secret Secret::take(std::string& text) {
    Secret secret{std::string_view{text}};
    wipe(text);
    return secret;
}

bool Secret::equals(std::string_view other) const noexcept {
    if (size_ != other.size()) return false;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < size_; ++i) difference |= static_cast<unsigned char>(bytes_[i] ^ other[i]);
    return difference == 0;
}

std::string Secret::masked() const {
    constexpr std::size_t kShown = 4;
    std::string text = "…";
    if (size_ > kShown * 4) text.append(reveal().substr(size_ - kShown));
    return text;
}

}  // namespace qwen
