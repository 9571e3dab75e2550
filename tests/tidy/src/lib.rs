//! The rules of the house that no compiler knows stand in `tests/it`; there is nothing here.
