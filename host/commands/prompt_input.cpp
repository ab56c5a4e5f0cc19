#include "host/commands/prompt_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/utf8.hpp"

namespace qwen::host {
namespace {

Error input_error(std::string message, std::string hint = {}) { return {ErrorCode::usage, std::move(message), std::move(hint), std::nullopt}; }

}  // namespace

Result<std::string> read_standard_input(int fd, const Context& context) {
    std::string text;
    std::array<char, 65536> buffer;
    while (true) {
        pollfd entries[] = {{fd, POLLIN, 0}, {context.cancellation_fd(), POLLIN, 0}};
        ::poll(entries, 2, -1);
        if (context.cancelled()) return cancelled_error();
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count == 0) break;
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0 && errno == EBADF) break;  // closed (<&-): the same as empty
        if (count < 0) return input_error(std::string("standard input could not be read: ") + std::strerror(errno));
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > kMaxStandardInput) return input_error("standard input is longer than 16 MiB", "send less of it");
    }
    if (!is_valid_utf8(text)) return input_error("standard input is not UTF-8 text", "convert it first, for example with iconv");
    return text;
}

Result<std::string> assemble_prompt(const std::optional<std::string>& prompt, const std::optional<std::string>& piped) {
    const bool from_input_only = !prompt || *prompt == "-";
    const bool has_input = piped && piped->find_first_not_of(" \t\r\n") != std::string::npos;
    if (from_input_only) {
        if (!has_input) return input_error(piped ? "no prompt: standard input is empty" : "no prompt", "qwen \"your question\", or qwen --help");
        return *piped;
    }
    if (prompt->find_first_not_of(" \t\r\n") == std::string::npos && !has_input) return input_error("the prompt is empty");
    if (!is_valid_utf8(*prompt)) return input_error("the prompt is not UTF-8 text");
    return has_input ? *prompt + "\n\n" + *piped : *prompt;
}

}  // namespace qwen::host
