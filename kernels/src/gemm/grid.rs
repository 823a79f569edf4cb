//! Where the outputs of a convolution are pixels of an image.

/// Which pixels of the output image the outputs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The first output's pixel.
    pub(crate) first: usize,
    /// Pixels from one output to the next across.
    pub(crate) step: usize,
    /// Pixels from one output to the next down.
    pub(crate) row: usize,
    /// Pixels from one image to the next.
    pub(crate) image: usize,
}

impl Grid {
    /// All pixels of an image of this height and width.
    pub(crate) fn dense([height, width]: [usize; 2]) -> Self {
        Self { first: 0, step: 1, row: width, image: height * width }
    }

    /// The pixel of an output.
    pub(crate) fn pixel(&self, image: usize, y: usize, x: usize) -> usize {
        self.first + image * self.image + y * self.row + x * self.step
    }
}
