//! Lookups of x86-64, which differ in what each instruction set shuffles.

mod amx;
mod avx512vnni;
mod shuffles;
