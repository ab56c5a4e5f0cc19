// Opening a sign-in link in the user's browser, when there is one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/url.hpp"
#include "core/system/environment.hpp"

namespace qwen::host {

/// Why no browser is opened; empty when one may be.
struct BrowserDecision {
    /// Absolute path of the program; empty: none is opened.
    std::string program;
    /// "SSH session", "container", "no display", …: shown to the user.
    std::string reason;
};

/// The whole rule: a person is there, no SSH session, no container, a display (or WSL), a launcher that exists, and neither QWEN_NO_BROWSER nor
/// `--no-browser`. $BROWSER is honoured when it names one program (a text browser only then). `root` is "/" outside tests.
[[nodiscard]] BrowserDecision decide_browser(const system::Environment& environment, bool is_interactive, bool user_said_no,
                                             const std::string& root = "/");

/// Starts `program` with the link as its only argument: no shell, a fixed environment, standard streams on /dev/null, detached. Returns at once.
/// False when it could not be started, which is no error: the link is on the screen.
bool open_browser(const std::string& program, const Url& link, const system::Environment& environment);

}  // namespace qwen::host
