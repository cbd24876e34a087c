# From a PVH boot (32 bits, no paging; `qemu-system-x86_64 -kernel`) to main in 64 bits.  On the way
# everything on that models need: SSE, and where the CPU has them the states of AVX and AVX-512.
        .section .note.PVH, "a", @note
        .long   4, 4, 18                # name, value, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .long   start

        .section .text.start, "ax"
        .code32
        .global start
start:
        mov     $stack_top, %esp
        mov     $map4, %eax
        mov     %eax, %cr3
        mov     %cr4, %eax
        or      $0x620, %eax            # PAE, OSFXSR, OSXMMEXCPT
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx
        rdmsr
        or      $0x100, %eax            # EFER.LME
        wrmsr
        mov     %cr0, %eax
        and     $~4, %eax               # EM off
        or      $0x80000002, %eax       # PG, MP
        mov     %eax, %cr0
        lgdt    descriptor
        ljmp    $8, $start64

        .code64
start64:
        mov     $1, %eax
        cpuid
        bt      $26, %ecx               # XSAVE?
        jnc     run
        mov     %cr4, %rax
        or      $0x40000, %rax          # OSXSAVE
        mov     %rax, %cr4
        mov     $0xd, %eax
        xor     %ecx, %ecx
        cpuid                           # states that the CPU has
        and     $0xe7, %eax             # x87, SSE, AVX, AVX-512
        xor     %edx, %edx
        xor     %ecx, %ecx
        xsetbv
run:
        call    main
power_off:
        mov     $0x604, %dx             # ACPI of QEMU's machines
        mov     $0x2000, %ax
        out     %ax, %dx
        hlt
        jmp     power_off

        .section .rodata
        .balign 8
gdt:    .quad   0, 0x00209a0000000000   # code, 64 bits
descriptor:
        .short  15
        .long   gdt

        # Addresses are what they say: 1 GiB in pages of 2 MiB.
        .data
        .balign 4096
map4:   .quad   map3 + 3
        .skip   4096 - 8
map3:   .quad   map2 + 3
        .skip   4096 - 8
map2:
        .set    page, 0
        .rept   512
        .quad   page << 21 | 0x83
        .set    page, page + 1
        .endr

        .bss
        .balign 16
        .skip   16384
stack_top:
