// What a check found, in memory that its process shares with the checker: it outlives a crash, a hang and an exit.
//
// One check is one process, and the first finding ends it where it stands: a host function that was called wrongly does not have to come
// back through the plugin's frames.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qwen::host::plugin::check {

enum class Verdict : std::uint32_t {
    running,  ///< the process has ended without a word
    passed,
    failed,
    skipped,    ///< the rule is about something this plugin does not have
    undecided,  ///< something else is broken first
};

class Blackboard {
public:
    /// In shared memory, for the life of the program; clear() before each check.
    [[nodiscard]] static Blackboard& shared();

    void clear();
    /// Which entry point is called; empty: none.
    void enter(std::string_view entry);
    /// Which host function the plugin has called last.
    void note_call(std::string_view service);

    [[noreturn]] void pass() { finish(Verdict::passed, {}); }
    [[noreturn]] void fail(std::string_view finding) { finish(Verdict::failed, finding); }
    [[noreturn]] void skip(std::string_view reason) { finish(Verdict::skipped, reason); }
    [[noreturn]] void leave_undecided(std::string_view reason) { finish(Verdict::undecided, reason); }

    [[nodiscard]] Verdict verdict() const { return verdict_; }
    [[nodiscard]] std::string text() const { return text_.data(); }
    [[nodiscard]] std::string entry() const { return entry_.data(); }
    /// "`authorize`, after qwen.settings/1 get"
    [[nodiscard]] std::string place() const;
    /// The last calls in their order, entry points and host functions.
    [[nodiscard]] std::vector<std::string> trace() const;

private:
    using Line = std::array<char, 80>;
    static constexpr std::size_t kTraceLength = 200;

    [[noreturn]] void finish(Verdict verdict, std::string_view text);
    void remember(std::string_view indentation, std::string_view what);

    Verdict verdict_ = Verdict::running;
    std::array<char, 1024> text_{};
    Line entry_{};
    Line service_{};
    std::array<Line, kTraceLength> trace_{};
    std::uint64_t traced_ = 0;
};

}  // namespace qwen::host::plugin::check
