// Ctrl-C inside a conversation: it stops what is going on and leaves the program running. Replaces the one-shot rule of SignalGuard while it lives.
#pragma once

#include "core/base/context.hpp"

namespace qwen::host {

/// While it lives, SIGINT cancels `cancellation`; a second one before begin_turn() ends the process, for whatever does not look at the first. SIGTERM and
/// SIGHUP end it at once, the terminal restored; SIGTSTP stops it, and it goes on in the terminal as it was. One at a time; `cancellation` outlives it.
class ConversationSignals {
public:
    explicit ConversationSignals(CancellationSource& cancellation);
    ~ConversationSignals();
    ConversationSignals(const ConversationSignals&) = delete;
    ConversationSignals& operator=(const ConversationSignals&) = delete;

    /// What was stopped before is forgotten.
    void begin_turn();

private:
    CancellationSource& cancellation_;
};

}  // namespace qwen::host
