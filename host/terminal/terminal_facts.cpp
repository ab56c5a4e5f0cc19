#include "host/terminal/terminal_facts.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

namespace qwen::host {
namespace {

/// Fewer are no terminal's true size.
constexpr unsigned kFewestColumns = 20;

/// Containers and remote shells often have no locale although the terminal in front of them is in UTF-8.
bool terminal_is_utf8() {
    termios settings{};
    return ::tcgetattr(STDERR_FILENO, &settings) == 0 && (settings.c_iflag & IUTF8) != 0;
}

/// LC_ALL, LC_CTYPE, LANG: the first that is not empty decides (POSIX, 8.2 Internationalization Variables).
bool locale_is_utf8(const system::Environment& environment) {
    for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        if (!environment.has(name)) continue;
        std::string value(*environment.variable(name));
        if (value == "C" || value == "POSIX") return terminal_is_utf8();
        std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
    return terminal_is_utf8();
}

}  // namespace

TerminalFacts TerminalFacts::detect(const system::Environment& environment) {
    TerminalFacts facts;
    facts.stdin_is_terminal = ::isatty(STDIN_FILENO) == 1;
    facts.stdout_is_terminal = ::isatty(STDOUT_FILENO) == 1;
    facts.stderr_is_terminal = ::isatty(STDERR_FILENO) == 1;
    facts.is_dumb = !environment.has("TERM") || environment.variable("TERM") == "dumb";
    facts.is_utf8 = locale_is_utf8(environment);
    const auto columns = columns_now(STDERR_FILENO);
    if (columns >= kFewestColumns) facts.columns = columns;
    return facts;
}

unsigned columns_now(int fd) {
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

unsigned rows_now(int fd) {
    winsize size{};
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

bool use_color(bool stream_is_terminal, bool is_dumb, ColorChoice choice, const system::Environment& environment) {
    if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
    if (environment.has("NO_COLOR")) return false;
    if (environment.has("CLICOLOR_FORCE") && environment.variable("CLICOLOR_FORCE") != "0") return true;
    return stream_is_terminal && !is_dumb;
}

}  // namespace qwen::host
