//! NumPy's `.npy` files: one array with its type and shape.
//!
//! ```text
//! \x93NUMPY  major minor  header length (u16, from version 2 on u32)
//! {'descr': '|u1', 'fortran_order': False, 'shape': (1, 1001), }   blanks, '\n'   elements
//! ```
//!
//! What [`write()`] makes equals the file that `numpy.save` writes, byte for byte. [`read`] never trusts a file: the
//! header is bounded, the size is known from what the caller expects before any element is read.

use std::io::Read;
use std::path::Path;

use ottava::DType;

use crate::errors::{CliError, Result};
use crate::{files, table};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Real headers have about a hundred bytes.
const MAX_HEADER_BYTES: usize = 1 << 16;

/// Elements are aligned to this in files that NumPy writes.
const ALIGNMENT: usize = 64;

/// NumPy leaves room for the first dimension to grow to this many digits.
const GROWTH_DIGITS: usize = 21;

/// Type codes of NumPy and what they are here.
const TYPES: [(&str, DType); 11] = [
    ("u1", DType::U8),
    ("i1", DType::I8),
    ("b1", DType::Bool),
    ("i2", DType::I16),
    ("u2", DType::U16),
    ("i4", DType::I32),
    ("u4", DType::U32),
    ("i8", DType::I64),
    ("u8", DType::U64),
    ("f4", DType::F32),
    ("f2", DType::F16),
];

/// The bytes of a `.npy` file with these little-endian elements in row-major order.
///
/// # Errors
/// NumPy has no such type.
pub fn write(dtype: DType, shape: &[usize], elements: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let (code, _) = TYPES.iter().find(|(_, ours)| *ours == dtype).ok_or(format!("{dtype} has no NumPy type"))?;
    let order = if dtype.size_bytes() == 1 { '|' } else { '<' };
    let dimensions = match shape {
        [one] => format!("({one},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    };
    let mut header = format!("{{'descr': '{order}{code}', 'fortran_order': False, 'shape': {dimensions}, }}");
    let growth = shape.first().map_or(0, |first| GROWTH_DIGITS.saturating_sub(first.to_string().len()));
    header.push_str(&" ".repeat(growth));
    let before = MAGIC.len() + 4;
    let padding = ALIGNMENT - (before + header.len() + 1) % ALIGNMENT;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let length = u16::try_from(header.len()).map_err(|_| "the shape has too many dimensions".to_owned())?;
    let mut file = Vec::with_capacity(before + header.len() + elements.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&[1, 0]);
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(elements);
    Ok(file)
}

/// Reads an array that must have this type and shape, as little-endian elements in row-major order.
///
/// # Errors
/// The file cannot be read, is no `.npy` file, or holds another type, shape or order.
pub fn read(path: &Path, dtype: DType, shape: &[usize]) -> Result<Vec<u8>> {
    read_from(&mut files::open(path)?, dtype, shape).map_err(|cause| CliError::file(path, cause))
}

fn read_from(source: &mut impl Read, dtype: DType, shape: &[usize]) -> std::result::Result<Vec<u8>, String> {
    let header = parse(&read_header(source)?)?;
    if header.dtype != dtype {
        return Err(format!("holds {}, but the model wants {dtype}", header.dtype));
    }
    if header.shape != shape {
        let (is, wants) = (table::shape(&header.shape), table::shape(shape));
        return Err(format!("has shape {is}, but the model wants {wants}"));
    }
    if header.fortran_order {
        return Err("is in Fortran order; save it with numpy.ascontiguousarray".to_owned());
    }
    let size = shape.iter().product::<usize>() * dtype.size_bytes();
    let mut elements = Vec::with_capacity(size);
    source.take(size as u64 + 1).read_to_end(&mut elements).map_err(|error| format!("cannot read: {error}"))?;
    if elements.len() != size {
        let is = if elements.len() < size { format!("only {}", elements.len()) } else { format!("more than {size}") };
        return Err(format!("has {is} bytes of elements where its shape needs {size}"));
    }
    if header.big_endian {
        elements.chunks_exact_mut(dtype.size_bytes()).for_each(<[u8]>::reverse);
    }
    Ok(elements)
}

fn read_header(source: &mut impl Read) -> std::result::Result<String, String> {
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        source.read_exact(&mut bytes).map(|()| bytes).map_err(|_| "is no .npy file: it ends too early".to_owned())
    };
    let start = take(MAGIC.len() + 2)?;
    if !start.starts_with(MAGIC) {
        return Err("is no .npy file".to_owned());
    }
    let length = match start[MAGIC.len()] {
        1 => take(2)?,
        2 | 3 => take(4)?,
        version => return Err(format!("is a .npy file of the unknown version {version}")),
    };
    let length = length.iter().rev().fold(0usize, |value, &byte| value << 8 | usize::from(byte));
    if length > MAX_HEADER_BYTES {
        return Err(format!("has a header of {length} bytes, which no plain array needs"));
    }
    String::from_utf8(take(length)?).map_err(|_| "has a damaged header".to_owned())
}

#[derive(Debug, PartialEq)]
struct Header {
    dtype: DType,
    big_endian: bool,
    fortran_order: bool,
    shape: Vec<usize>,
}

/// Reads the header, a Python dictionary of three entries.
fn parse(text: &str) -> std::result::Result<Header, String> {
    let mut cursor = Cursor(text);
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    let damaged = || "has a damaged header".to_owned();
    cursor.expect("{").ok_or_else(damaged)?;
    while cursor.expect("}").is_none() {
        let key = cursor.string().ok_or_else(damaged)?;
        cursor.expect(":").ok_or_else(damaged)?;
        match key {
            "descr" if cursor.expect("[").is_some() => return Err("holds records, not plain numbers".to_owned()),
            "descr" => descr = Some(cursor.string().ok_or_else(damaged)?),
            "fortran_order" => fortran_order = Some(cursor.boolean().ok_or_else(damaged)?),
            "shape" => shape = Some(cursor.tuple().ok_or_else(damaged)?),
            _ => return Err(damaged()),
        }
        if cursor.expect(",").is_none() {
            cursor.expect("}").ok_or_else(damaged)?;
            break;
        }
    }
    let (Some(descr), Some(fortran_order), Some(shape)) = (descr, fortran_order, shape) else {
        return Err(damaged());
    };
    let (order, code) = match descr.split_at_checked(1) {
        Some((order @ ("<" | ">" | "|" | "="), code)) => (order, code),
        _ => ("=", descr),
    };
    let known = TYPES.iter().find(|(numpy, _)| *numpy == code);
    let (_, dtype) = known.ok_or_else(|| format!("holds elements of the type '{}'", table::plain(descr)))?;
    Ok(Header { dtype: *dtype, big_endian: order == ">", fortran_order, shape })
}

/// What is left of a header.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// Takes `token`, if it comes next.
    fn expect(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (inside, rest) = text[1..].split_once(quote)?;
        self.0 = rest;
        Some(inside)
    }

    fn boolean(&mut self) -> Option<bool> {
        self.expect("True").map(|()| true).or_else(|| self.expect("False").map(|()| false))
    }

    fn tuple(&mut self) -> Option<Vec<usize>> {
        self.expect("(")?;
        let mut values = Vec::new();
        while self.expect(")").is_none() {
            let text = self.0.trim_start();
            let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            values.push(text[..digits].parse().ok()?);
            self.0 = &text[digits..];
            if self.expect(",").is_none() {
                self.expect(")")?;
                break;
            }
        }
        Some(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8], dtype: DType, shape: &[usize]) -> std::result::Result<Vec<u8>, String> {
        read_from(&mut &bytes[..], dtype, shape)
    }

    #[test]
    fn the_file_is_what_numpy_writes() {
        let file = write(DType::U8, &[1, 3], &[7, 8, 9]).unwrap();
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 3), }";
        assert_eq!(file.len(), 131);
        assert_eq!(&file[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(&file[10..10 + header.len()], header.as_bytes());
        assert!(file[10 + header.len()..127].iter().all(|&byte| byte == b' '));
        assert_eq!(&file[127..], b"\n\x07\x08\x09");
        let scalar = write(DType::F32, &[], &1f32.to_le_bytes()).unwrap();
        assert!(String::from_utf8_lossy(&scalar).contains("'<f4', 'fortran_order': False, 'shape': (), }"));
        let line = write(DType::I64, &[1], &[0; 8]).unwrap();
        assert!(String::from_utf8_lossy(&line).contains("'<i8', 'fortran_order': False, 'shape': (1,), }"));
    }

    #[test]
    fn what_is_written_is_read() {
        for (_, dtype) in TYPES {
            let elements: Vec<u8> = (0..6 * dtype.size_bytes() as u8).collect();
            let file = write(dtype, &[2, 3], &elements).unwrap();
            assert_eq!(read_bytes(&file, dtype, &[2, 3]).unwrap(), elements);
        }
    }

    #[test]
    fn big_endian_elements_are_turned_and_spacing_does_not_matter() {
        let mut file = b"\x93NUMPY\x02\x00\x40\x00\x00\x00".to_vec();
        file.extend_from_slice(format!("{:64}", "{\"shape\":(2,),'fortran_order':False , 'descr':'>i4'}").as_bytes());
        file.extend_from_slice(&[0, 0, 0, 1, 0, 0, 2, 0]);
        assert_eq!(read_bytes(&file, DType::I32, &[2]).unwrap(), [1, 0, 0, 0, 0, 2, 0, 0]);
    }

    #[test]
    fn every_refusal_says_why() {
        let file = write(DType::U8, &[2, 2], &[0; 4]).unwrap();
        let refusal = |bytes: &[u8], dtype, shape: &[usize]| read_bytes(bytes, dtype, shape).unwrap_err();
        assert!(refusal(&file, DType::I8, &[2, 2]).contains("uint8, but the model wants int8"));
        assert!(refusal(&file, DType::U8, &[4]).contains("2x2, but the model wants 4"));
        assert!(refusal(&file[..file.len() - 1], DType::U8, &[2, 2]).contains("only 3 bytes"));
        let longer = [&file[..], &[0]].concat();
        assert!(refusal(&longer, DType::U8, &[2, 2]).contains("more than 4"));
        assert!(refusal(b"hello, this is text", DType::U8, &[1]).contains("no .npy file"));
        assert!(refusal(b"", DType::U8, &[1]).contains("ends too early"));
        let turned = String::from_utf8_lossy(&file[10..128]).replace("False", "True ").into_bytes();
        assert!(refusal(&[&file[..10], &turned, &[0; 4]].concat(), DType::U8, &[2, 2]).contains("Fortran"));
    }

    #[test]
    fn damaged_headers_are_refused() {
        let huge = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({}), }}", "9".repeat(40));
        let deep = "(".repeat(60_000);
        for text in ["", "{", "{}", "[]", "{'descr': 5}", "{'shape': (1, -2)}", "{'shape': (1 2)}", "{'a': 'b'}", "é"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&huge).is_err() && parse(&deep).is_err());
        assert!(parse("{'descr': [('a', '<f4')]").unwrap_err().contains("records"));
        assert!(parse("{'descr': '<c8', 'fortran_order': False, 'shape': ()}").unwrap_err().contains("<c8"));
        assert!(read_header(&mut &b"\x93NUMPY\x02\x00\xff\xff\xff\xff"[..]).unwrap_err().contains("header of"));
    }
}
