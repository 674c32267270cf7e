// Preloaded into a User Mode Linux, which sets the registers of its processes through ptrace(2). It knows registers as they were when
// it was made; on a processor with larger ones (Intel's AMX) the kernel takes nothing but all of them, and every process there would
// die at its first instruction. Nothing is called by name: see UserModeLinux.swift.
