#include "host/plugin/check/fenced_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace qwen::host::plugin::check {

void* FencedMemory::allocate(std::size_t size, std::string_view label) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t usable = (size + page - 1) / page * page;
    void* const memory = ::mmap(nullptr, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    auto* const start = static_cast<char*>(memory);
    if (::mprotect(start + usable, page, PROT_NONE) != 0) std::abort();
    blocks_.push_back({start, usable + page, std::string(label), false});
    return start + usable - size;
}

const char* FencedMemory::copy(std::string_view bytes, std::string_view label) {
    auto* const place = static_cast<char*>(allocate(bytes.size(), label));
    std::memcpy(place, bytes.data(), bytes.size());
    return place;
}

void FencedMemory::take_back() {
    for (; first_in_use_ < blocks_.size(); ++first_in_use_) {
        Block& block = blocks_[first_in_use_];
        ::mprotect(block.start, block.mapped, PROT_NONE);
        block.is_taken_back = true;
    }
}

std::string FencedMemory::explain(const void* address) const {
    const auto* const place = static_cast<const char*>(address);
    for (const Block& block : blocks_) {
        if (place < block.start || place >= block.start + block.mapped) continue;
        return (block.is_taken_back ? "used after its call has returned: " : "read past its end: ") + block.label;
    }
    return {};
}

}  // namespace qwen::host::plugin::check
