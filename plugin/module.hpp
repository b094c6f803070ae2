// plugin/bpf.nu as built in: what `nu_plugin_ebpf --module` prints.
#pragma once

namespace plugin {

extern const char* const module_text;

}  // namespace plugin
