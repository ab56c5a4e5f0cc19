// Text that must never be printed: keys, tokens, passwords.
//
// A Secret cannot be streamed, formatted, compared for order or converted to a string by accident. The bytes are wiped
// when it dies or is moved from. reveal() is the one door out; only the places that hand the secret to its destination
// (a request header, a store file, a host service of a plugin) call it, and `scripts/check` lists them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace qwen {

/// Overwrites `size` bytes in a way the compiler may not remove.
void wipe(void* bytes, std::size_t size) noexcept;
/// Wipes and empties a string, its spare capacity included.
void wipe(std::string& text) noexcept;

/// Move-only owner of secret bytes. Empty means "no secret". Not thread-safe; const methods may run together.
class Secret {
public:
    Secret() = default;
    /// Copies the bytes; wiping the source is the caller's affair (see `take`).
    explicit Secret(std::string_view text);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    /// Moves the bytes out of a string and wipes it.
    [[nodiscard]] static Secret take(std::string& text);

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// The bytes, borrowed until this object changes or dies.
    [[nodiscard]] std::string_view reveal() const noexcept { return {bytes_.get(), size_}; }
    [[nodiscard]] Secret duplicate() const { return Secret(reveal()); }
    /// Equality in time that depends on the lengths only.
    [[nodiscard]] bool equals(std::string_view other) const noexcept;
    /// What may be shown: "…" and the last four characters, or "…" alone when that would show a quarter or more of it.
    [[nodiscard]] std::string masked() const;

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

}  // namespace qwen
