#include "host/conversation/line_editor.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <deque>
#include <fstream>

#include "core/base/utf8.hpp"
#include "host/conversation/paste_filter.hpp"
#include "host/conversation/slash_command.hpp"
#include "host/terminal/line_input.hpp"
#include "host/terminal/output.hpp"

namespace qwen::host {
namespace {

constexpr int kHistoryLength = 1000;

/// The functions of libedit that are used.
struct Library {
    decltype(&el_init) init = nullptr;
    decltype(&el_end) end = nullptr;
    decltype(&el_set) set = nullptr;
    decltype(&el_get) get = nullptr;
    decltype(&el_wgets) gets = nullptr;
    decltype(&el_resize) resize = nullptr;
    decltype(&el_line) line = nullptr;
    decltype(&el_insertstr) insert = nullptr;
    decltype(&history_init) make_history = nullptr;
    decltype(&history_end) end_history = nullptr;
    decltype(&history) history_call = nullptr;

    [[nodiscard]] static std::optional<Library> open() {
        void* const handle = ::dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr) return std::nullopt;
        Library found;
        const auto look_up = [&](const char* name, auto& function) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
            return function != nullptr;
        };
        const bool complete = look_up("el_init", found.init) && look_up("el_end", found.end) && look_up("el_set", found.set) && look_up("el_get", found.get) &&
                              look_up("el_wgets", found.gets) && look_up("el_resize", found.resize) && look_up("el_line", found.line) &&
                              look_up("el_insertstr", found.insert) && look_up("history_init", found.make_history) && look_up("history_end", found.end_history) &&
                              look_up("history", found.history_call);
        return complete ? std::optional(found) : std::nullopt;
    }
};

class EditedLines final : public LineEditor {
public:
    EditedLines(const Library& library, const TerminalFacts& terminal, std::filesystem::path history) : library_(library), history_file_(std::move(history)), filter_(terminal.is_utf8 ? kLineBreakMark : kAsciiLineBreakMark) {
        choose_character_set(terminal);
        editor_ = library_.init("qwen", stdin, stdout, stderr);
        history_ = library_.make_history();
        HistEvent event{};
        library_.history_call(history_, &event, H_SETSIZE, kHistoryLength);
        if (!history_file_.empty()) library_.history_call(history_, &event, H_LOAD, history_file_.c_str());
        library_.set(editor_, EL_CLIENTDATA, this);
        library_.set(editor_, EL_PROMPT, &EditedLines::give_prompt);
        library_.set(editor_, EL_EDITOR, "emacs");
        library_.set(editor_, EL_SIGNAL, 0);
        library_.set(editor_, EL_HIST, library_.history_call, history_);
        library_.set(editor_, EL_GETCFN, &EditedLines::give_character);
        library_.set(editor_, EL_ADDFN, "qwen-complete", "completes a slash command", &EditedLines::complete);
        library_.set(editor_, EL_BIND, "\t", "qwen-complete", nullptr);
        library_.set(editor_, EL_BIND, "^^", "ed-insert", nullptr);  // kAsciiLineBreakMark
        library_.set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
        library_.set(editor_, EL_BIND, "\033[H", "ed-move-to-beg", nullptr);
        library_.set(editor_, EL_BIND, "\033[F", "ed-move-to-end", nullptr);
        library_.set(editor_, EL_BIND, "\033[3~", "ed-delete-next-char", nullptr);
    }
    ~EditedLines() override {
        library_.end(editor_);
        library_.end_history(history_);
    }
    EditedLines(const EditedLines&) = delete;
    EditedLines& operator=(const EditedLines&) = delete;

    Input read(const std::string& prompt, const Context& context) override {
        prompt_ = prompt;
        columns_ = columns_now(STDOUT_FILENO);
        context_ = &context;
        interrupted_ = false;
        pending_.clear();
        static_cast<void>(was_stopped());
        const UnseenTyping unseen(STDIN_FILENO, kPasteModeOff);  // the editor shows what is typed, also what was typed before it was there
        write_to_stdout(kPasteModeOn);
        int length = 0;
        const wchar_t* const text = library_.gets(editor_, &length);
        write_to_stdout(kPasteModeOff);
        if (interrupted_) {
            write_to_stdout("\n");
            return {Outcome::interrupted, {}};
        }
        if (text == nullptr || length <= 0) return {Outcome::ended, {}};
        std::string line;
        for (const wchar_t c : std::wstring_view(text, static_cast<std::size_t>(length))) append_utf8(line, static_cast<char32_t>(c));
        while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
        return {Outcome::line, with_line_breaks(std::move(line))};
    }

    bool shows_what_was_typed() const override { return true; }

    void remember(const std::string& line) override {
        std::string entry = line;
        for (std::size_t at = 0; (at = entry.find('\n', at)) != std::string::npos;) entry.replace(at, 1, kLineBreakMarkUtf8);
        HistEvent event{};
        library_.history_call(history_, &event, H_ENTER, entry.c_str());
        if (history_file_.empty()) return;
        const mode_t before = ::umask(077);
        library_.history_call(history_, &event, H_SAVE, history_file_.c_str());
        ::umask(before);
    }

private:
    /// A locale that is named but not installed leaves "C", in which nobody can type a letter with an accent: also in a container.
    static void choose_character_set(const TerminalFacts& terminal) {
        ::setlocale(LC_CTYPE, "");
        if (terminal.is_utf8 && ::nl_langinfo(CODESET) != std::string_view("UTF-8")) ::setlocale(LC_CTYPE, "C.UTF-8");
    }

    static EditedLines& self(EditLine* editor, const Library& library) {
        void* data = nullptr;
        library.get(editor, EL_CLIENTDATA, &data);
        return *static_cast<EditedLines*>(data);
    }
    /// libedit hands its callbacks the editor alone; one conversation has one.
    static inline const Library* callbacks_library = nullptr;

    static char* give_prompt(EditLine* editor) { return self(editor, *callbacks_library).prompt_.data(); }
    static int give_character(EditLine* editor, wchar_t* character) { return self(editor, *callbacks_library).next_character(character); }
    static unsigned char complete(EditLine* editor, int) { return self(editor, *callbacks_library).complete_word(); }

    static void write_to_stdout(std::string_view text) {
        std::fflush(stdout);
        static_cast<void>(write_all(STDOUT_FILENO, text));
    }

    /// 1: a character; 0: the input ended; -1: interrupted.
    int next_character(wchar_t* character) {
        while (pending_.empty()) {
            pollfd entries[] = {{STDIN_FILENO, POLLIN, 0}, {context_->cancellation_fd(), POLLIN, 0}};
            const int ready = ::poll(entries, 2, -1);
            if (context_->cancelled()) {
                interrupted_ = true;
                return -1;
            }
            draw_at_new_size();
            if (was_stopped()) draw_again();
            if (ready < 0 && errno == EINTR) continue;
            if (!read_character()) return 0;
        }
        *character = static_cast<wchar_t>(pending_.front());
        pending_.pop_front();
        return 1;
    }

    /// How many columns the prompt and the line up to the cursor take.
    [[nodiscard]] std::size_t cells_before_cursor() const {
        const LineInfo* const info = library_.line(editor_);
        std::string text = prompt_ + std::string(info->buffer, static_cast<std::size_t>(info->cursor - info->buffer));
        std::size_t cells = 0;
        std::mbstate_t state{};
        for (const char* at = text.c_str(); *at != '\0';) {
            wchar_t wide = 0;
            const std::size_t used = std::mbrtowc(&wide, at, MB_CUR_MAX, &state);
            if (used > MB_CUR_MAX) break;
            cells += static_cast<std::size_t>(std::max(0, ::wcwidth(wide)));
            at += used;
        }
        return cells;
    }

    /// libedit takes the new size for its next drawing, but leaves the old one where it is. Where that begins depends on the terminal: some wrap old lines anew,
    /// some do not. Of the two the nearer line is taken: a piece of the old drawing may stay, but nothing else is ever erased.
    void draw_at_new_size() {
        const unsigned columns = columns_now(STDOUT_FILENO);
        if (columns == columns_ || columns == 0) return;
        const auto cells = cells_before_cursor();
        const auto lines_up = std::min(cells / std::max(columns_, 1U), cells / columns);
        columns_ = columns;
        write_to_stdout("\r" + (lines_up > 0 ? fmt::format("\033[{}A", lines_up) : std::string()) + "\033[J");
        library_.resize(editor_);
        library_.set(editor_, EL_REFRESH);
    }

    void draw_again() {
        write_to_stdout(std::string("\r\033[J").append(kPasteModeOn));
        library_.set(editor_, EL_REFRESH);
    }

    bool read_character() {
        std::mbstate_t state{};
        while (true) {
            char byte = 0;
            const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return false;
            wchar_t wide = 0;
            const std::size_t used = std::mbrtowc(&wide, &byte, 1, &state);
            if (used == static_cast<std::size_t>(-2)) continue;  // more bytes of the same character
            if (used == static_cast<std::size_t>(-1)) wide = L'?';
            std::u32string out;
            filter_.feed(static_cast<char32_t>(wide), out);
            pending_.insert(pending_.end(), out.begin(), out.end());
            return true;
        }
    }

    unsigned char complete_word() {
        const LineInfo* const info = library_.line(editor_);
        const std::string_view typed(info->buffer, static_cast<std::size_t>(info->cursor - info->buffer));
        const auto found = slash_completions(typed);
        if (found.empty()) return CC_REFRESH_BEEP;
        if (found.size() > 1) {
            std::string choices = "\n";
            for (const auto word : found) choices += std::string(word) + (word == found.back() ? "\n" : "  ");
            write_to_stdout(choices);
            return CC_REDISPLAY;
        }
        const std::string rest = std::string(found.front().substr(typed.size())) + ' ';
        return library_.insert(editor_, rest.c_str()) == 0 ? CC_REFRESH : CC_REFRESH_BEEP;
    }

    friend class qwen::host::LineEditor;

    Library library_;
    std::filesystem::path history_file_;
    EditLine* editor_ = nullptr;
    History* history_ = nullptr;
    std::string prompt_;
    unsigned columns_ = 0;
    const Context* context_ = nullptr;
    bool interrupted_ = false;
    PasteFilter filter_;
    std::deque<char32_t> pending_;
};

/// Lines as the terminal gives them.
class PlainLines final : public LineEditor {
public:
    Input read(const std::string& prompt, const Context& context) override {
        static_cast<void>(write_all(STDOUT_FILENO, prompt));
        auto line = read_line(STDIN_FILENO, context);
        if (!line) {
            static_cast<void>(write_all(STDOUT_FILENO, "\n"));
            return {line.error().code == ErrorCode::cancelled ? Outcome::interrupted : Outcome::ended, {}};
        }
        if (!*line) return {Outcome::ended, {}};
        return {Outcome::line, std::move(**line)};
    }
    bool shows_what_was_typed() const override { return false; }
    void remember(const std::string&) override {}
};

}  // namespace

std::unique_ptr<LineEditor> LineEditor::open(const TerminalFacts& terminal, const std::filesystem::path& history) {
    static const auto library = terminal.is_dumb ? std::nullopt : Library::open();
    if (!library) return std::make_unique<PlainLines>();
    EditedLines::callbacks_library = &*library;
    return std::make_unique<EditedLines>(*library, terminal, history);
}

}  // namespace qwen::host
