/* The largest whole number that is not above x. */
static float lqf_floor(float x)
{
    float whole;
    if (x <= -8388608.0f || x >= 8388608.0f) {
        return x; /* so large floats are whole */
    }
    whole = (float)(int32_t)x;
    return (whole > x) ? (whole - 1.0f) : whole;
}
