// "waiting for …" on standard error when nothing has been shown for a while. Exists on a terminal only.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "host/terminal/terminal_facts.hpp"

namespace qwen::host {

/// Shows `text` after 400 ms and takes it away on stop(). Does nothing (no thread either) when standard error is no terminal.
class ProgressLine {
public:
    /// Without redrawing (dumb terminals, `--plain`) one line is printed and stays.
    ProgressLine(std::string text, const TerminalFacts& terminal, bool plain);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// From any thread, any number of times. Nothing of the line is left on the screen when it returns.
    void stop();

private:
    void show_when_due();

    std::string text_;
    bool redraws_;
    std::mutex mutex_;
    std::condition_variable stopping_;
    bool stopped_ = false;
    std::thread thread_;
};

}  // namespace qwen::host
