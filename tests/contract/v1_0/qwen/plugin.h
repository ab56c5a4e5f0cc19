/* All a plugin includes, and the one symbol it exports. */
#ifndef QWEN_PLUGIN_H
#define QWEN_PLUGIN_H

#include "qwen/abi.h"
#include "qwen/host.h"
#include "qwen/provider.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the plugin's table, or NULL when it cannot work with this host (it says why through host->log). Called once, before anything else.
 * `host` stays valid for the life of the process. [worker] [offline] */
QWEN_EXPORT const qwen_provider *qwen_provider_entry_v1(const qwen_host *host);

typedef const qwen_provider *(*qwen_provider_entry_fn)(const qwen_host *host);

#define QWEN_ENTRY_SYMBOL "qwen_provider_entry_v1"
/* ELF note: section name, owner and type of the manifest (UTF-8 JSON, at most 16 KiB). */
#define QWEN_NOTE_SECTION ".note.qwen.plugin"
#define QWEN_NOTE_OWNER "QWEN"
#define QWEN_NOTE_MANIFEST 1u

#ifdef __cplusplus
}
#endif

#endif
