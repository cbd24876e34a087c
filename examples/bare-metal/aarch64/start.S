// From power on (EL1, MMU off) to main.  Two things that models need are off at first: floating point
// and vectors trap, and without the MMU all memory is of the Device kind, where vectors that are not
// aligned to their size fault.
        .section .text.start, "ax"
        .global _start
_start:
        mov     x0, #(3 << 20)          // CPACR_EL1.FPEN: floating point does not trap
        msr     cpacr_el1, x0
        adrp    x0, vectors
        add     x0, x0, :lo12:vectors
        msr     vbar_el1, x0
        isb

        // A flat map of two blocks of 1 GiB, 39 bits of addresses: devices, then memory.
        mov     x0, #0x04ff             // attribute 0: normal, write-back; 1: Device-nGnRE
        msr     mair_el1, x0
        ldr     x0, =0x803519           // T0SZ 25, cached walks, inner shareable, 4 KiB, TTBR0 alone
        msr     tcr_el1, x0
        adrp    x0, map
        msr     ttbr0_el1, x0
        tlbi    vmalle1
        dsb     sy
        isb
        mrs     x0, sctlr_el1
        mov     x1, #0x1005             // I, C, M: caches and MMU on
        orr     x0, x0, x1
        bic     x0, x0, #2              // A: accesses need no alignment
        msr     sctlr_el1, x0
        isb

        adrp    x0, stack_top
        mov     sp, x0
        bl      main
power_off:
        ldr     w0, =0x84000008         // PSCI SYSTEM_OFF
        hvc     #0
        b       power_off

        .balign 2048
vectors:
        .rept   16                      // no exception is expected: end there
        b       power_off
        .balign 128
        .endr

        .section .rodata
        .balign 4096
map:
        .quad   0x00000000 | 3 << 53 | 1 << 10 | 1 << 2 | 1     // not executable, device
        .quad   0x40000000 | 1 << 10 | 3 << 8 | 1               // shareable, normal
        .skip   4096 - 16

        .bss
        .balign 4096
        .skip   16384
stack_top:
