//! The options of operators: the union of the format, of which a part is read and written.
//!
//! The format numbers its variants, and most numbers belong to operators whose options Ottava does not read. planus
//! numbers variants in order, without gaps, so this union is written here and takes the place of the generated one.

use planus::{
    Builder, SliceWithStartOffset, TableRead, TableReadUnion, UnionOffset, WriteAsOffset, WriteAsOptionalUnion,
    WriteAsUnion, errors::ErrorKind,
};

use super::generated::tflite::*;

/// Makes the union of lines `number variant: table, reader;`.
macro_rules! options {
    ($($number:literal $variant:ident: $table:ident, $reader:ident;)*) => {
        /// The union `BuiltinOptions` in the namespace `tflite`.
        #[derive(Clone, Debug, PartialEq, PartialOrd)]
        pub enum BuiltinOptions {
            $(
                #[doc = concat!("Variant ", $number, " of the format.")]
                $variant(Box<$table>),
            )*
            /// The variant of this number, which is none of the others.
            Other(u8, Box<OtherOptions>),
        }

        /// Reference to a deserialized [`BuiltinOptions`].
        #[derive(Clone, Copy, Debug)]
        pub enum BuiltinOptionsRef<'a> {
            $(
                #[doc = concat!("Variant ", $number, " of the format.")]
                $variant($reader<'a>),
            )*
            /// The variant of this number, which is none of the others.
            Other(u8, OtherOptionsRef<'a>),
        }

        impl WriteAsUnion<BuiltinOptions> for BuiltinOptions {
            fn prepare(&self, builder: &mut Builder) -> UnionOffset<Self> {
                let (number, offset) = match self {
                    $(Self::$variant(table) => ($number, WriteAsOffset::prepare(table, builder).downcast()),)*
                    Self::Other(number, table) => (*number, WriteAsOffset::prepare(table, builder).downcast()),
                };
                UnionOffset::new(number, offset)
            }
        }

        impl<'a> TableReadUnion<'a> for BuiltinOptionsRef<'a> {
            fn from_buffer(buffer: SliceWithStartOffset<'a>, tag: u8, field: usize) -> Result<Self, ErrorKind> {
                Ok(match tag {
                    $($number => Self::$variant(TableRead::from_buffer(buffer, field)?),)*
                    _ => Self::Other(tag, TableRead::from_buffer(buffer, field)?),
                })
            }
        }

        impl TryFrom<BuiltinOptionsRef<'_>> for BuiltinOptions {
            type Error = planus::Error;

            fn try_from(options: BuiltinOptionsRef<'_>) -> planus::Result<Self> {
                Ok(match options {
                    $(BuiltinOptionsRef::$variant(table) => Self::$variant(Box::new(table.try_into()?)),)*
                    BuiltinOptionsRef::Other(number, table) => Self::Other(number, Box::new(table.try_into()?)),
                })
            }
        }
    };
}

impl WriteAsOptionalUnion<BuiltinOptions> for BuiltinOptions {
    fn prepare(&self, builder: &mut Builder) -> Option<UnionOffset<Self>> {
        Some(WriteAsUnion::prepare(self, builder))
    }
}

options! {
    1 Conv2DOptions: Conv2DOptions, Conv2DOptionsRef;
    2 DepthwiseConv2DOptions: DepthwiseConv2DOptions, DepthwiseConv2DOptionsRef;
    5 Pool2DOptions: Pool2DOptions, Pool2DOptionsRef;
    8 FullyConnectedOptions: FullyConnectedOptions, FullyConnectedOptionsRef;
    9 SoftmaxOptions: SoftmaxOptions, SoftmaxOptionsRef;
    10 ConcatenationOptions: ConcatenationOptions, ConcatenationOptionsRef;
    11 AddOptions: AddOptions, AddOptionsRef;
    12 L2NormOptions: L2NormOptions, L2NormOptionsRef;
    13 LocalResponseNormalizationOptions: LocalResponseNormalizationOptions, LocalResponseNormalizationOptionsRef;
    15 ResizeBilinearOptions: ResizeBilinearOptions, ResizeBilinearOptionsRef;
    17 ReshapeOptions: ReshapeOptions, ReshapeOptionsRef;
    19 SpaceToDepthOptions: SpaceToDepthOptions, SpaceToDepthOptionsRef;
    21 MulOptions: MulOptions, MulOptionsRef;
    22 PadOptions: OtherOptions, OtherOptionsRef;
    23 GatherOptions: GatherOptions, GatherOptionsRef;
    27 ReducerOptions: ReducerOptions, ReducerOptionsRef;
    28 SubOptions: SubOptions, SubOptionsRef;
    29 DivOptions: DivOptions, DivOptionsRef;
    30 SqueezeOptions: SqueezeOptions, SqueezeOptionsRef;
    32 StridedSliceOptions: StridedSliceOptions, StridedSliceOptionsRef;
    35 SplitOptions: SplitOptions, SplitOptionsRef;
    38 DequantizeOptions: OtherOptions, OtherOptionsRef;
    39 MaximumMinimumOptions: OtherOptions, OtherOptionsRef;
    40 ArgMaxOptions: ArgMaxOptions, ArgMaxOptionsRef;
    49 TransposeConvOptions: TransposeConvOptions, TransposeConvOptionsRef;
    55 ShapeOptions: ShapeOptions, ShapeOptionsRef;
    57 ArgMinOptions: ArgMinOptions, ArgMinOptionsRef;
    59 PackOptions: PackOptions, PackOptionsRef;
    64 UnpackOptions: UnpackOptions, UnpackOptionsRef;
    65 FloorDivOptions: OtherOptions, OtherOptionsRef;
    74 ResizeNearestNeighborOptions: ResizeNearestNeighborOptions, ResizeNearestNeighborOptionsRef;
    75 LeakyReluOptions: LeakyReluOptions, LeakyReluOptionsRef;
    76 SquaredDifferenceOptions: OtherOptions, OtherOptionsRef;
    77 MirrorPadOptions: MirrorPadOptions, MirrorPadOptionsRef;
    79 SplitVOptions: SplitVOptions, SplitVOptionsRef;
    89 QuantizeOptions: OtherOptions, OtherOptionsRef;
    94 DepthToSpaceOptions: DepthToSpaceOptions, DepthToSpaceOptionsRef;
    101 BatchMatMulOptions: BatchMatMulOptions, BatchMatMulOptionsRef;
    102 CumsumOptions: CumsumOptions, CumsumOptionsRef;
    116 GeluOptions: GeluOptions, GeluOptionsRef;
}
