//! Generates the Kotlin, Swift and Python files from the built library; see the README beside this crate.

fn main() {
    uniffi::uniffi_bindgen_main()
}
