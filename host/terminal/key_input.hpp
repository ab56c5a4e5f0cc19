// Keys as a person presses them, out of the bytes a terminal sends: what lists and entry fields are driven by.
#pragma once

#include <csignal>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/context.hpp"
#include "host/terminal/line_input.hpp"

namespace qwen::host {

struct Key {
    enum class Kind : std::uint8_t {
        character,  ///< also a line break, inside a paste
        enter,
        escape,
        backspace,
        up,
        down,
        page_up,
        page_down,
        home,
        end,
        control,  ///< Ctrl and the letter in `character`
        resized,  ///< no key: the terminal has another size
    };
    Kind kind = Kind::character;
    char32_t character = 0;
    bool operator==(const Key&) const = default;
};

/// A state machine over bytes (ECMA-48 control sequences, bracketed paste, UTF-8). Not thread-safe.
class KeyDecoder {
public:
    ~KeyDecoder() { wipe(held_); }
    /// Appends the keys that are complete. Unknown sequences are dropped, and control characters inside a paste but for line breaks.
    void feed(std::string_view bytes, std::deque<Key>& keys);
    /// Whether more bytes may decide what was pressed.
    [[nodiscard]] bool is_waiting() const { return !held_.empty(); }
    /// Nothing more came: what is held was the Esc key.
    void give_up_waiting(std::deque<Key>& keys);

private:
    enum class Step : std::uint8_t { taken, needs_more };
    [[nodiscard]] Step take_one(std::deque<Key>& keys);
    [[nodiscard]] Step take_in_paste(std::deque<Key>& keys);
    [[nodiscard]] Step take_sequence(std::deque<Key>& keys);
    [[nodiscard]] Step take_character(std::deque<Key>& keys);

    std::string held_;
    bool in_paste_ = false;
};

/// The keys of the terminal on standard input. While it lives nothing is echoed, pastes are marked, and a death by signal leaves the terminal as it was.
class KeyInput {
public:
    KeyInput();
    ~KeyInput();
    KeyInput(const KeyInput&) = delete;
    KeyInput& operator=(const KeyInput&) = delete;

    /// Waits. nullopt: the terminal is gone. Errors: cancelled.
    [[nodiscard]] Result<std::optional<Key>> next(const Context& context);

private:
    UnseenTyping unseen_;
    sigset_t mask_before_{};
    struct sigaction before_ {};
    KeyDecoder decoder_;
    std::deque<Key> keys_;
    unsigned columns_ = 0;
    unsigned rows_ = 0;
};

}  // namespace qwen::host
