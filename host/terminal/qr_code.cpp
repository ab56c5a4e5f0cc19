#include "host/terminal/qr_code.hpp"

#include <qrencode.h>

#include <memory>

namespace qwen::host {
namespace {

constexpr int kQuietZone = 2;
constexpr int kMaxVersion = 15;  // 77 modules wide

struct CodeDeleter {
    void operator()(QRcode* code) const { QRcode_free(code); }
};

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
    const std::unique_ptr<QRcode, CodeDeleter> code(QRcode_encodeString8bit(copy.c_str(), 0, QR_ECLEVEL_L));
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
