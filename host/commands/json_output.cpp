#include "host/commands/json_output.hpp"

#include <fmt/format.h>

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"
#include "host/exit_status.hpp"
#include "host/terminal/output.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {

std::string json_line(const nlohmann::ordered_json& value) {
    const std::string text = dump_json(value);
    const bool ascii_only = stdout_is_ascii();
    std::string line;
    line.reserve(text.size() + 1);
    for (std::size_t offset = 0; offset < text.size();) {
        const char32_t c = decode_utf8(text, offset);
        if (!is_terminal_control(c) && (c < 0x80 || !ascii_only)) append_utf8(line, c);
        else if (c < 0x10000) line += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
        else line += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((static_cast<std::uint32_t>(c) - 0x10000) >> 10), 0xDC00 + (static_cast<std::uint32_t>(c) & 0x3FF));
    }
    return line + '\n';
}

nlohmann::ordered_json json_error(const Error& error) {
    nlohmann::ordered_json object{{"code", describe(error.code).name}, {"message", error.message}};
    if (!error.hint.empty()) object["hint"] = error.hint;
    if (error.where) {
        object["where"] = {{"path", error.where->path}};
        if (error.where->line != 0) object["where"]["line"] = error.where->line;
        if (error.where->column != 0) object["where"]["column"] = error.where->column;
    }
    object["exit_code"] = exit_status(error);
    return object;
}

nlohmann::ordered_json json_success() { return {{"schema", 1}, {"ok", true}}; }

nlohmann::ordered_json json_failure(const Error& error) { return {{"schema", 1}, {"ok", false}, {"error", json_error(error)}}; }

}  // namespace qwen::host
