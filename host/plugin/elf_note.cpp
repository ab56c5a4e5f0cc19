#include "host/plugin/elf_note.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include "core/system/digest.hpp"
#include "qwen/plugin.h"

namespace qwen::host::plugin {
namespace {

constexpr std::size_t kMaxManifestBytes = 16u << 10;
constexpr std::size_t kMaxProgramHeaders = 128;
constexpr std::size_t kMaxDynamicEntries = 4096;
constexpr std::size_t kMaxSymbols = 1u << 20;
constexpr std::size_t kMaxListed = 512;

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kMachine = EM_RISCV;
#else
#error "name the ELF machine of this architecture"
#endif

std::string_view machine_name(std::uint16_t machine) {
    switch (machine) {
        case EM_386: return "x86 (32 bit)";
        case EM_X86_64: return "x86-64";
        case EM_ARM: return "arm (32 bit)";
        case EM_AARCH64: return "aarch64";
        case EM_RISCV: return "riscv";
        case EM_PPC64: return "ppc64";
        case EM_S390: return "s390x";
        default: return "an unknown machine";
    }
}

/// The file and the bounds-checked ways to look into it.
class Image {
public:
    Image(std::string_view file, const std::string& path) : file_(file), path_(path) {}

    [[nodiscard]] Error refuse(std::string_view reason) const {
        return Error{ErrorCode::plugin_refused, fmt::format("the plugin cannot be used: {}", reason), {}, FileLocation{path_}};
    }
    [[nodiscard]] Error incompatible(std::string_view reason) const {
        return Error{ErrorCode::plugin_incompatible, fmt::format("the plugin cannot be used: {}", reason), "get the plugin's build for this machine",
                     FileLocation{path_}};
    }

    /// nullopt when the range is not inside the file.
    [[nodiscard]] std::optional<std::string_view> bytes(std::uint64_t offset, std::uint64_t size) const {
        if (offset > file_.size() || size > file_.size() - offset) return std::nullopt;
        return file_.substr(offset, size);
    }
    template <typename T>
    [[nodiscard]] std::optional<T> read(std::uint64_t offset) const {
        const auto raw = bytes(offset, sizeof(T));
        if (!raw) return std::nullopt;
        T value;
        std::memcpy(&value, raw->data(), sizeof value);
        return value;
    }
    [[nodiscard]] std::size_t size() const { return file_.size(); }

    std::vector<Elf64_Phdr> segments;

    /// Where in the file an address of the loaded image comes from, and how many bytes follow in the same segment.
    struct Place {
        std::uint64_t offset;
        std::uint64_t available;
    };
    [[nodiscard]] std::optional<Place> locate(std::uint64_t address) const {
        for (const Elf64_Phdr& segment : segments) {
            if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
            const std::uint64_t inside = address - segment.p_vaddr;
            if (inside < segment.p_filesz) return Place{segment.p_offset + inside, segment.p_filesz - inside};
        }
        return std::nullopt;
    }
    template <typename T>
    [[nodiscard]] std::optional<T> read_at_address(std::uint64_t address) const {
        const auto place = locate(address);
        if (!place || place->available < sizeof(T)) return std::nullopt;
        return read<T>(place->offset);
    }

private:
    std::string_view file_;
    const std::string& path_;
};

Result<Elf64_Ehdr> check_header(const Image& image) {
    const auto magic = image.bytes(0, EI_NIDENT);
    if (image.size() == 0) return image.refuse("the file is empty");
    if (!magic || magic->substr(0, SELFMAG) != ELFMAG) return image.refuse("it is no ELF file");
    const auto ident = *magic;
    if (ident[EI_CLASS] != ELFCLASS64) return image.incompatible("it is a 32-bit file");
    if (ident[EI_DATA] != ELFDATA2LSB) return image.incompatible("its byte order is not that of this machine");
    const auto header = image.read<Elf64_Ehdr>(0);
    if (!header) return image.refuse("the file is cut short in its header");
    if (ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT) return image.refuse("its ELF version is not 1");
    if (header->e_machine != kMachine) {
        return image.incompatible(fmt::format("it is for {}, this machine is {}", machine_name(header->e_machine), machine_name(kMachine)));
    }
    if (header->e_type != ET_DYN) return image.refuse("it is no shared object");
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 || header->e_phnum > kMaxProgramHeaders) {
        return image.refuse("its table of program headers is damaged");
    }
    return *header;
}

Result<void> read_segments(Image& image, const Elf64_Ehdr& header) {
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        const auto segment = image.read<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
        if (header.e_phoff > image.size() || !segment) return image.refuse("the file is cut short in its program headers");
        image.segments.push_back(*segment);
    }
    return {};
}

Result<void> check_end(const Image& image, const Elf64_Ehdr& header) {
    // Nothing needs the section table, but it stands at the end of the file: when it is missing, so is the end.
    if (header.e_shoff != 0 && !image.bytes(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr))) {
        return image.refuse("the file is cut short (its section table lies outside)");
    }
    return {};
}

Result<void> check_segments(const Image& image) {
    bool has_load = false;
    bool has_dynamic = false;
    std::uint64_t last_end = 0;
    for (const Elf64_Phdr& segment : image.segments) {
        if (segment.p_type == PT_INTERP) return image.refuse("it is a program, no plugin");
        if (!image.bytes(segment.p_offset, segment.p_filesz) && segment.p_type != PT_GNU_STACK) {
            return image.refuse("the file is cut short (a segment lies outside)");
        }
        if (segment.p_type == PT_GNU_STACK && (segment.p_flags & PF_X) != 0) return image.refuse("it asks for an executable stack");
        has_dynamic = has_dynamic || segment.p_type == PT_DYNAMIC;
        if (segment.p_type != PT_LOAD) continue;
        if (segment.p_memsz < segment.p_filesz || segment.p_memsz > (1ull << 32) || segment.p_vaddr > (1ull << 40)) {
            return image.refuse("a segment has an impossible size");
        }
        if (segment.p_align > 1 && ((segment.p_align & (segment.p_align - 1)) != 0 || (segment.p_vaddr - segment.p_offset) % segment.p_align != 0)) {
            return image.refuse("a segment is not aligned");
        }
        if (segment.p_vaddr < last_end) return image.refuse("its segments overlap");
        if ((segment.p_flags & PF_W) != 0 && (segment.p_flags & PF_X) != 0) return image.refuse("a segment is writable and executable");
        last_end = segment.p_vaddr + segment.p_memsz;
        has_load = true;
    }
    if (!has_load || !has_dynamic) return image.refuse("it has nothing to load");
    return {};
}

struct Note {
    std::string_view owner;
    std::uint32_t type = 0;
    std::string_view content;
};

std::uint64_t padded(std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; }

/// Takes one note off the front of `rest`; nullopt when what is there is none.
std::optional<Note> take_note(std::string_view& rest) {
    if (rest.size() < sizeof(Elf64_Nhdr)) return std::nullopt;
    Elf64_Nhdr header;
    std::memcpy(&header, rest.data(), sizeof header);
    const std::uint64_t owner_end = sizeof header + padded(header.n_namesz);
    const std::uint64_t end = owner_end + header.n_descsz;
    if (end > rest.size()) return std::nullopt;
    Note note{rest.substr(sizeof header, header.n_namesz), header.n_type, rest.substr(owner_end, header.n_descsz)};
    rest.remove_prefix(std::min<std::uint64_t>(owner_end + padded(header.n_descsz), rest.size()));
    if (!note.owner.empty() && note.owner.back() == '\0') note.owner.remove_suffix(1);
    return note;
}

Result<void> read_notes(const Image& image, ElfFacts& facts) {
    bool found = false;
    for (const Elf64_Phdr& segment : image.segments) {
        if (segment.p_type != PT_NOTE) continue;
        std::string_view rest = image.bytes(segment.p_offset, segment.p_filesz).value_or(std::string_view());
        while (const auto note = take_note(rest)) {
            if (note->owner == "GNU" && note->type == NT_GNU_BUILD_ID) facts.build_id = system::hex(note->content.substr(0, 64));
            if (note->owner != QWEN_NOTE_OWNER || note->type != QWEN_NOTE_MANIFEST) continue;
            if (note->content.size() > kMaxManifestBytes) return image.refuse("its manifest is longer than 16 KiB");
            if (found) return image.refuse("it holds two manifests");
            found = true;
            facts.manifest = std::string(note->content);
        }
    }
    if (!found) return image.refuse("it is no qwen plugin (no manifest note in it)");
    return {};
}

/// The dynamic section: what the loader will do with the file.
class DynamicSection {
public:
    explicit DynamicSection(const Image& image) : image_(image) {}

    Result<void> read() {
        for (const Elf64_Phdr& segment : image_.segments) {
            if (segment.p_type != PT_DYNAMIC) continue;
            if (segment.p_filesz / sizeof(Elf64_Dyn) > kMaxDynamicEntries) return image_.refuse("its dynamic section is damaged");
            for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= segment.p_filesz; at += sizeof(Elf64_Dyn)) {
                const auto entry = image_.read<Elf64_Dyn>(segment.p_offset + at);
                if (!entry || entry->d_tag == DT_NULL) break;
                entries_.push_back(*entry);
            }
        }
        const auto address = value(DT_STRTAB);
        const auto size = value(DT_STRSZ);
        const auto place = address ? image_.locate(*address) : std::nullopt;
        if (!place || !size || *size > place->available) return image_.refuse("its string table is damaged");
        strings_ = *image_.bytes(place->offset, *size);
        return {};
    }

    [[nodiscard]] std::optional<std::uint64_t> value(std::int64_t tag) const {
        for (const Elf64_Dyn& entry : entries_) {
            if (entry.d_tag == tag) return entry.d_un.d_val;
        }
        return std::nullopt;
    }
    [[nodiscard]] const std::vector<Elf64_Dyn>& entries() const { return entries_; }
    /// The text up to its NUL; nullopt when there is no end of it in the table.
    [[nodiscard]] std::optional<std::string> text(std::uint64_t offset) const {
        if (offset >= strings_.size()) return std::nullopt;
        const auto end = strings_.find('\0', offset);
        if (end == std::string_view::npos) return std::nullopt;
        return std::string(strings_.substr(offset, end - offset));
    }

private:
    const Image& image_;
    std::vector<Elf64_Dyn> entries_;
    std::string_view strings_;
};

/// How many symbols there are: the loader's hash tables know, the section headers are not asked.
std::optional<std::size_t> count_symbols(const Image& image, const DynamicSection& dynamic) {
    if (const auto hash = dynamic.value(DT_HASH)) {
        const auto chains = image.read_at_address<std::uint32_t>(*hash + 4);
        return chains ? std::optional<std::size_t>(*chains) : std::nullopt;
    }
    const auto hash = dynamic.value(DT_GNU_HASH);
    if (!hash) return std::nullopt;
    const auto buckets = image.read_at_address<std::uint32_t>(*hash);
    const auto first = image.read_at_address<std::uint32_t>(*hash + 4);
    const auto bloom = image.read_at_address<std::uint32_t>(*hash + 8);
    if (!buckets || !first || !bloom || *buckets > kMaxSymbols || *bloom > kMaxSymbols) return std::nullopt;
    const std::uint64_t bucket_table = *hash + 16 + std::uint64_t{*bloom} * 8;
    std::uint32_t last = 0;
    for (std::uint32_t i = 0; i < *buckets; ++i) {
        const auto bucket = image.read_at_address<std::uint32_t>(bucket_table + std::uint64_t{i} * 4);
        if (!bucket) return std::nullopt;
        last = std::max(last, *bucket);
    }
    if (last < *first) return *first;
    const std::uint64_t chain_table = bucket_table + std::uint64_t{*buckets} * 4;
    for (std::uint32_t index = last; index < kMaxSymbols; ++index) {
        const auto link = image.read_at_address<std::uint32_t>(chain_table + std::uint64_t{index - *first} * 4);
        if (!link) return std::nullopt;
        if ((*link & 1u) != 0) return std::size_t{index} + 1;
    }
    return std::nullopt;
}

Result<void> read_symbols(const Image& image, const DynamicSection& dynamic, ElfFacts& facts) {
    const auto table = dynamic.value(DT_SYMTAB);
    const auto count = count_symbols(image, dynamic);
    if (!table || !count || *count > kMaxSymbols) return image.refuse("its symbol table is damaged");
    for (std::size_t i = 1; i < *count; ++i) {
        const auto symbol = image.read_at_address<Elf64_Sym>(*table + i * sizeof(Elf64_Sym));
        if (!symbol) return image.refuse("its symbol table is damaged");
        if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) == STB_LOCAL) continue;
        const auto name = dynamic.text(symbol->st_name);
        if (!name) return image.refuse("its symbol table is damaged");
        if (*name == QWEN_ENTRY_SYMBOL && (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || !image.locate(symbol->st_value))) {
            return image.refuse("its " QWEN_ENTRY_SYMBOL " is no function of its own");
        }
        if (facts.exported.size() < kMaxListed) facts.exported.push_back(*name);
    }
    if (std::find(facts.exported.begin(), facts.exported.end(), QWEN_ENTRY_SYMBOL) == facts.exported.end()) {
        return image.refuse("it does not export " QWEN_ENTRY_SYMBOL);
    }
    return {};
}

Result<void> read_version_needs(const Image& image, const DynamicSection& dynamic, ElfFacts& facts) {
    const auto table = dynamic.value(DT_VERNEED);
    const auto count = dynamic.value(DT_VERNEEDNUM);
    if (!table || !count) return {};
    std::uint64_t at = *table;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(*count, kMaxListed); ++i) {
        const auto need = image.read_at_address<Elf64_Verneed>(at);
        const auto library = need ? dynamic.text(need->vn_file) : std::nullopt;
        if (!library) return image.refuse("its list of versions is damaged");
        std::uint64_t detail_at = at + need->vn_aux;
        for (std::uint16_t j = 0; j < need->vn_cnt && facts.version_needs.size() < kMaxListed; ++j) {
            const auto detail = image.read_at_address<Elf64_Vernaux>(detail_at);
            const auto name = detail ? dynamic.text(detail->vna_name) : std::nullopt;
            if (!name) return image.refuse("its list of versions is damaged");
            facts.version_needs.push_back(fmt::format("{} ({})", *name, *library));
            detail_at += detail->vna_next;
        }
        at += need->vn_next;
    }
    return {};
}

Result<void> read_dynamic(const Image& image, ElfFacts& facts) {
    DynamicSection dynamic(image);
    QWEN_CHECK(dynamic.read());
    for (const Elf64_Dyn& entry : dynamic.entries()) {
        switch (entry.d_tag) {
            case DT_NEEDED: {
                const auto name = dynamic.text(entry.d_un.d_val);
                if (!name) return image.refuse("its list of libraries is damaged");
                facts.needed.push_back(*name);
                break;
            }
            case DT_RPATH:
            case DT_RUNPATH: facts.run_path = dynamic.text(entry.d_un.d_val).value_or(std::string()); break;
            case DT_TEXTREL: return image.refuse("it changes its own code while it is loaded (DT_TEXTREL)");
            case DT_INIT_ARRAYSZ: facts.constructors += entry.d_un.d_val / sizeof(std::uint64_t); break;
            case DT_FLAGS:
                if ((entry.d_un.d_val & DF_TEXTREL) != 0) return image.refuse("it changes its own code while it is loaded (DF_TEXTREL)");
                break;
            default: break;
        }
    }
    QWEN_CHECK(read_symbols(image, dynamic, facts));
    return read_version_needs(image, dynamic, facts);
}

}  // namespace

Result<std::string> find_manifest(std::string_view head, const std::string& path) {
    Image image(head, path);
    QWEN_TRY(const Elf64_Ehdr header, check_header(image));
    QWEN_CHECK(read_segments(image, header));
    ElfFacts facts;
    QWEN_CHECK(read_notes(image, facts));
    return std::move(facts.manifest);
}

Result<ElfFacts> inspect_elf(std::string_view file, const std::string& path) {
    Image image(file, path);
    QWEN_TRY(const Elf64_Ehdr header, check_header(image));
    QWEN_CHECK(read_segments(image, header));
    QWEN_CHECK(check_end(image, header));
    QWEN_CHECK(check_segments(image));
    ElfFacts facts;
    QWEN_CHECK(read_notes(image, facts));
    QWEN_CHECK(read_dynamic(image, facts));
    return facts;
}

}  // namespace qwen::host::plugin
