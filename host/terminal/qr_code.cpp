#include "host/terminal/qr_code.hpp"

#include <dlfcn.h>
#include <qrencode.h>

#include <memory>

namespace qwen::host {
namespace {

constexpr int kQuietZone = 2;
constexpr int kMaxVersion = 15;  // 77 modules wide

/// libqrencode, opened at the first code: one sign-in in hundreds of runs draws one, and no run waits for a library it does not use.
struct Encoder {
    decltype(&QRcode_encodeString8bit) encode = nullptr;
    decltype(&QRcode_free) free = nullptr;

    [[nodiscard]] bool is_there() const { return encode != nullptr && free != nullptr; }
};

const Encoder& encoder() {
    static const Encoder loaded = [] {
        Encoder found;
        void* const library = ::dlopen("libqrencode.so.4", RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) return found;
        found.encode = reinterpret_cast<decltype(found.encode)>(::dlsym(library, "QRcode_encodeString8bit"));
        found.free = reinterpret_cast<decltype(found.free)>(::dlsym(library, "QRcode_free"));
        return found;
    }();
    return loaded;
}

bool is_dark(const QRcode& code, int x, int y) {
    if (x < 0 || y < 0 || x >= code.width || y >= code.width) return false;
    return (code.data[y * code.width + x] & 1) != 0;
}

/// One character holds two modules, one above the other. Light modules are drawn, because terminals are usually dark.
const char* half_block(bool upper_dark, bool lower_dark) {
    if (upper_dark) return lower_dark ? " " : "▄";
    return lower_dark ? "▀" : "█";
}

}  // namespace

std::string qr_code(std::string_view text) {
    const std::string copy(text);
    if (!encoder().is_there()) return {};
    const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(encoder().encode(copy.c_str(), 0, QR_ECLEVEL_L), encoder().free);
    if (code == nullptr || code->version > kMaxVersion) return {};
    std::string lines;
    for (int y = -kQuietZone; y < code->width + kQuietZone; y += 2) {
        lines += "  ";
        for (int x = -kQuietZone; x < code->width + kQuietZone; ++x) lines += half_block(is_dark(*code, x, y), is_dark(*code, x, y + 1));
        lines += '\n';
    }
    return lines;
}

}  // namespace qwen::host
