//! Writing `.tflite` files whose constants are aligned.

use ottava::schema;
use planus::{Builder, Offset};

/// What the format promises for the data of constants.
const CONSTANT_ALIGNMENT: usize = 16;

/// The tables of a network of one graph. Buffer 0 is the empty one; constant `i` of `constants` is buffer `i + 1`.
pub(crate) struct Tables<'a> {
    pub(crate) name: &'a str,
    pub(crate) tensors: Vec<schema::Tensor>,
    pub(crate) constants: Vec<&'a [u8]>,
    pub(crate) codes: Vec<schema::OperatorCode>,
    pub(crate) operators: Vec<schema::Operator>,
    pub(crate) inputs: Vec<i32>,
    pub(crate) outputs: Vec<i32>,
}

/// The bytes of the file. Equal tables give equal bytes.
pub(crate) fn write(tables: &Tables<'_>) -> Vec<u8> {
    let file = serialize(tables, 0);
    // The distance of constants to the end of the file is a multiple of 16; so must be its length.
    if file.len().is_multiple_of(CONSTANT_ALIGNMENT) { file } else { serialize(tables, 1) }
}

fn serialize(tables: &Tables<'_>, filler_words: usize) -> Vec<u8> {
    let bytes: usize = tables.constants.iter().map(|data| data.len()).sum();
    let mut builder = Builder::with_capacity(bytes + bytes / 8 + 4096);
    // Alignments count from the first aligned thing written: it goes to the very end, where all distances start.
    let _ = builder.create_vector(&[0i64][..]);
    let mut buffers = vec![schema::Buffer::create(&mut builder, None::<&[u8]>, 0u64, 0u64)];
    for data in &tables.constants {
        buffers.push(aligned_buffer(&mut builder, data));
    }
    if filler_words > 0 {
        let _ = builder.create_vector(&vec![0i32; filler_words][..]);
    }
    let subgraph = schema::SubGraph {
        tensors: Some(tables.tensors.clone()),
        inputs: Some(tables.inputs.clone()),
        outputs: Some(tables.outputs.clone()),
        operators: Some(tables.operators.clone()),
        name: Some("main".into()),
    };
    let model = schema::Model::create(&mut builder, 3u32, &tables.codes, &[subgraph], tables.name, &buffers, (), ());
    schema::finish(&mut builder, model)
}

/// Writes a constant so that its first byte is a multiple of 16 away from the file's end.
///
/// The serializer writes from the end and aligns byte vectors to four only, so an unused vector of the missing length goes
/// behind a constant that needs it.
fn aligned_buffer(builder: &mut Builder, data: &[u8]) -> Offset<schema::Buffer> {
    let distance = (builder.len() + data.len()).next_multiple_of(4);
    if !distance.is_multiple_of(CONSTANT_ALIGNMENT) {
        // The unused vector takes its words and a length prefix; it starts at a multiple of four itself.
        let distance = (builder.len().next_multiple_of(4) + data.len()).next_multiple_of(4);
        let words = (CONSTANT_ALIGNMENT - distance % CONSTANT_ALIGNMENT) / 4;
        let _ = builder.create_vector(&vec![0i32; words - 1][..]);
    }
    let vector = builder.create_vector(data);
    schema::Buffer::create(builder, vector, 0u64, 0u64)
}

/// Operator codes as they come, each pair of code and version once.
#[derive(Debug, Default)]
pub(crate) struct Codes(Vec<schema::OperatorCode>);

impl Codes {
    /// Index of a builtin operator's code.
    pub(crate) fn index_of(&mut self, code: i32, version: i32) -> u32 {
        self.index_of_custom(code, version, None)
    }

    /// Index of the code of an operator that may have a name of its own.
    pub(crate) fn index_of_custom(&mut self, code: i32, version: i32, custom: Option<&str>) -> u32 {
        let same = |known: &schema::OperatorCode| {
            known.builtin_code == code && known.version == version && known.custom_code.as_deref() == custom
        };
        let index = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(schema::OperatorCode {
                deprecated_builtin_code: code.min(127) as i8,
                builtin_code: code,
                custom_code: custom.map(str::to_owned),
                version,
            });
            self.0.len() - 1
        });
        index as u32
    }

    pub(crate) fn into_tables(self) -> Vec<schema::OperatorCode> {
        self.0
    }
}
