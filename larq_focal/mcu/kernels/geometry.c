/* Where the windows of a convolution or a pooling lie on its image [height, width, channels]. */
typedef struct {
    int32_t height, width;     /* of the image */
    uint32_t channels;         /* of the image */
    uint32_t depth;            /* channels in a window: those of a group */
    int32_t rows, columns;     /* of the window */
    int32_t row_step, column_step;         /* strides */
    int32_t row_dilation, column_dilation; /* distance of two elements of the window */
    int32_t above, left;       /* padding */
} lqf_geometry;
