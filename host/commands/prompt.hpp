// `qwen "prompt"`: one question, one request, the answer on standard output.
#pragma once

#include "core/chat/chat_client.hpp"
#include "core/config/resolver.hpp"
#include "core/system/clock.hpp"
#include "host/commands/prompt_output.hpp"
#include "host/terminal/progress_line.hpp"

namespace qwen::host {

struct PromptQuestion {
    std::string system;  ///< empty: none
    std::string prompt;
    std::string provider;  ///< for the JSON formats
    /// Holds the secrets that no error may show.
    const config::Resolution& settings;
};

/// On failure `output` was told, with what had arrived; the caller reports the error on standard error for the text format. A reader that went away is success.
[[nodiscard]] Result<void> ask(const PromptQuestion& question, pipeline::Pipeline& pipeline, const chat::ChatTarget& target, PromptOutput& output, ProgressLine& progress,
                               const system::Clock& clock, const Context& context);

}  // namespace qwen::host
