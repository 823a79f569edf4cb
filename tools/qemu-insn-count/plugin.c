/*
 * A plugin for qemu's user mode that counts executed guest instructions and prints the count when the guest ends:
 *
 *   cc -shared -fPIC -O2 -o insn-count.so plugin.c
 *   qemu-aarch64 -plugin ./insn-count.so -d plugin PROGRAM        (the dynamically linked qemu)
 *
 * qemu translates a guest's code block by block; to each block an addition of its length to one counter is attached,
 * which qemu emits as an instruction or two of its own. The counter is one for all threads, and the addition not
 * atomic: only the count of a single-threaded guest is exact. A block that a fault leaves in its middle counts whole.
 *
 * Debian has no package with qemu's header, so what this file uses of version 1 of the interface (qemu 6.0 to 8.1) is
 * declared here.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
enum inline_op { INLINE_ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*translated)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, enum inline_op op, void *counter,
                                              uint64_t amount);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*ended)(plugin_id, void *), void *data);
void qemu_plugin_outs(const char *text);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t executed;

static void translated(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &executed, qemu_plugin_tb_n_insns(block));
}

static void ended(plugin_id id, void *data)
{
    char text[64];

    (void)id;
    (void)data;
    snprintf(text, sizeof text, "instructions %" PRIu64 "\n", executed);
    qemu_plugin_outs(text);
}

/* What qemu calls once it has loaded the plugin: the machine's description and arguments are of no use here. */
__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *machine, int count,
                                                               char **arguments)
{
    (void)machine;
    (void)count;
    (void)arguments;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
