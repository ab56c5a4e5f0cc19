#include "host/plugin/check/blackboard.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace qwen::host::plugin::check {
namespace {

template <typename Text>
void put(Text& place, std::string_view first, std::string_view second = {}) {
    const std::size_t from_first = std::min(first.size(), place.size() - 1);
    const std::size_t from_second = std::min(second.size(), place.size() - 1 - from_first);
    std::copy_n(first.begin(), from_first, place.begin());
    std::copy_n(second.begin(), from_second, place.begin() + static_cast<std::ptrdiff_t>(from_first));
    place[from_first + from_second] = '\0';
}

}  // namespace

Blackboard& Blackboard::shared() {
    static Blackboard* const board = [] {
        void* const memory = ::mmap(nullptr, sizeof(Blackboard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        return new (memory) Blackboard();
    }();
    return *board;
}

void Blackboard::clear() { new (this) Blackboard(); }

void Blackboard::enter(std::string_view entry) {
    put(entry_, entry);
    put(service_, {});
    if (!entry.empty()) remember({}, entry);
}

void Blackboard::note_call(std::string_view service) {
    put(service_, service);
    remember("  ", service);
}

std::string Blackboard::place() const {
    const std::string entry = entry_.data();
    const std::string service = service_.data();
    std::string text = entry.empty() ? std::string("between two calls") : "in `" + entry + "`";
    if (!service.empty()) text += ", after " + service;
    return text;
}

std::vector<std::string> Blackboard::trace() const {
    std::vector<std::string> lines;
    const std::uint64_t first = traced_ > kTraceLength ? traced_ - kTraceLength : 0;
    for (std::uint64_t i = first; i < traced_; ++i) lines.emplace_back(trace_[i % kTraceLength].data());
    return lines;
}

void Blackboard::remember(std::string_view indentation, std::string_view what) { put(trace_[traced_++ % kTraceLength], indentation, what); }

void Blackboard::finish(Verdict verdict, std::string_view text) {
    put(text_, text);
    verdict_ = verdict;
    ::_exit(0);
}

}  // namespace qwen::host::plugin::check
