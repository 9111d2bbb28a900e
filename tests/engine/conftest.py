from tests.state.conftest import any_bench, bench

__all__ = ["any_bench", "bench"]
