package dev.berth.adapter.probe;

import io.helidon.common.buffers.BufferData;
import io.helidon.http.http2.Http2FrameHeader;
import io.helidon.http.http2.Http2Headers;
import io.helidon.http.http2.Http2Priority;
import io.helidon.http.http2.Http2RstStream;
import io.helidon.http.http2.Http2Stream;
import io.helidon.http.http2.Http2StreamState;
import io.helidon.http.http2.Http2WindowUpdate;
import io.helidon.http.http2.StreamFlowControl;

/** The only stream of a connection, as Helidon's reading of headers wants to know it. */
final class OneStream implements Http2Stream {
    @Override
    public boolean rstStream(Http2RstStream reset) {
        return false;
    }

    @Override
    public void windowUpdate(Http2WindowUpdate update) {}

    @Override
    public void headers(Http2Headers headers, boolean last) {}

    @Override
    public void data(Http2FrameHeader header, BufferData data, boolean last) {}

    /** What a server wants first does not matter with one stream. */
    @Override
    public void priority(Http2Priority priority) {}

    @Override
    public int streamId() {
        return 1;
    }

    @Override
    public Http2StreamState streamState() {
        return Http2StreamState.OPEN;
    }

    @Override
    public StreamFlowControl flowControl() {
        throw new UnsupportedOperationException("no flow is controlled here");
    }
}
