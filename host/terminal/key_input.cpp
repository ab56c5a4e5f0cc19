#include "host/terminal/key_input.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/utf8.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {
namespace {

constexpr std::string_view kPasteEnd = "\033[201~";
constexpr std::string_view kMarkPastes = "\033[?2004h";
constexpr std::string_view kMarkNoPastes = "\033[?2004l";
/// A sequence arrives at once; a person cannot press the next key this fast.
constexpr int kEscapeWaitMs = 50;
constexpr std::size_t kLongestSequence = 32;

struct Sequence {
    std::string_view text;  ///< behind ESC [ or ESC O
    Key::Kind kind;
};
constexpr std::array kSequences{
    Sequence{"A", Key::Kind::up},       Sequence{"B", Key::Kind::down},       Sequence{"H", Key::Kind::home},  Sequence{"F", Key::Kind::end},
    Sequence{"5~", Key::Kind::page_up}, Sequence{"6~", Key::Kind::page_down}, Sequence{"1~", Key::Kind::home}, Sequence{"4~", Key::Kind::end},
    Sequence{"7~", Key::Kind::home},    Sequence{"8~", Key::Kind::end},
};

/// Only wakes whoever waits for a key.
void wake_reader(int) {}

}  // namespace

void KeyDecoder::feed(std::string_view bytes, std::deque<Key>& keys) {
    held_ += bytes;
    while (!held_.empty() && take_one(keys) == Step::taken) {
    }
}

void KeyDecoder::give_up_waiting(std::deque<Key>& keys) {
    if (!in_paste_ && held_.starts_with('\033')) keys.push_back({Key::Kind::escape});
    wipe(held_);
}

KeyDecoder::Step KeyDecoder::take_one(std::deque<Key>& keys) {
    if (in_paste_) return take_in_paste(keys);
    const auto byte = static_cast<unsigned char>(held_.front());
    if (byte == 0x1B) return take_sequence(keys);
    if (byte >= 0x20 && byte != 0x7F) return take_character(keys);
    held_.erase(0, 1);
    if (byte == '\n' || byte == '\r') keys.push_back({Key::Kind::enter});
    else if (byte == 0x7F || byte == 0x08) keys.push_back({Key::Kind::backspace});
    else keys.push_back({Key::Kind::control, static_cast<char32_t>(byte | 0x60U)});
    return Step::taken;
}

KeyDecoder::Step KeyDecoder::take_in_paste(std::deque<Key>& keys) {
    if (held_.starts_with(kPasteEnd)) {
        held_.erase(0, kPasteEnd.size());
        in_paste_ = false;
        return Step::taken;
    }
    if (kPasteEnd.starts_with(held_)) return Step::needs_more;
    return take_character(keys);
}

KeyDecoder::Step KeyDecoder::take_sequence(std::deque<Key>& keys) {
    if (held_.size() < 2) return Step::needs_more;
    if (held_[1] != '[' && held_[1] != 'O') {
        held_.erase(0, 1);
        keys.push_back({Key::Kind::escape});
        return Step::taken;
    }
    const auto end = std::find_if(held_.begin() + 2, held_.end(), [](char c) { return c >= 0x40 && c <= 0x7E; });
    if (end == held_.end() && held_.size() < kLongestSequence) return Step::needs_more;
    const std::string text(held_.begin() + 2, end == held_.end() ? end : end + 1);
    held_.erase(0, text.size() + 2);
    if (text == "200~") in_paste_ = true;
    const auto known = std::find_if(kSequences.begin(), kSequences.end(), [&](const Sequence& sequence) { return sequence.text == text; });
    if (known != kSequences.end()) keys.push_back({known->kind});
    return Step::taken;
}

KeyDecoder::Step KeyDecoder::take_character(std::deque<Key>& keys) {
    if (incomplete_utf8_tail(held_) == held_.size()) return Step::needs_more;
    std::size_t used = 0;
    char32_t c = decode_utf8(held_, used);
    held_.erase(0, used);
    if (c == '\r') c = '\n';
    if (!is_control_character(c) || (in_paste_ && c == '\n')) keys.push_back({Key::Kind::character, c});
    return Step::taken;
}

KeyInput::KeyInput() : unseen_(STDIN_FILENO, kMarkNoPastes), columns_(columns_now(STDERR_FILENO)), rows_(rows_now(STDERR_FILENO)) {
    struct sigaction action {};
    action.sa_handler = wake_reader;
    ::sigaction(SIGWINCH, &action, &before_);
    // Let in only while waiting: one that came between the look at the size and the wait would wake nobody.
    sigset_t resizes;
    ::sigemptyset(&resizes);
    ::sigaddset(&resizes, SIGWINCH);
    ::pthread_sigmask(SIG_BLOCK, &resizes, &mask_before_);
    write_to_stderr(kMarkPastes);
}

KeyInput::~KeyInput() {
    write_to_stderr(kMarkNoPastes);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    ::sigaction(SIGWINCH, &before_, nullptr);
}

Result<std::optional<Key>> KeyInput::next(const Context& context) {
    while (keys_.empty()) {
        pollfd entries[] = {{STDIN_FILENO, POLLIN, 0}, {context.cancellation_fd(), POLLIN, 0}};
        const timespec escape_wait{0, kEscapeWaitMs * 1'000'000L};
        const int ready = ::ppoll(entries, 2, decoder_.is_waiting() ? &escape_wait : nullptr, &mask_before_);
        if (context.cancelled()) return cancelled_error();
        const bool came_back = was_stopped();
        if (came_back) write_to_stderr(kMarkPastes);
        if (came_back || columns_now(STDERR_FILENO) != columns_ || rows_now(STDERR_FILENO) != rows_) {
            columns_ = columns_now(STDERR_FILENO);
            rows_ = rows_now(STDERR_FILENO);
            return std::optional(Key{Key::Kind::resized});
        }
        if (ready < 0) continue;
        if (ready == 0) {
            decoder_.give_up_waiting(keys_);
            continue;
        }
        // A byte at a time, so that nothing behind the last key is taken from whoever reads next.
        char byte = 0;
        const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return std::optional<Key>();
        decoder_.feed({&byte, 1}, keys_);
    }
    const Key key = keys_.front();
    keys_.pop_front();
    return std::optional(key);
}

}  // namespace qwen::host
