//! How values get into their fields: the short forms that the table is written in.

/// Reads a value into a field.
macro_rules! one {
    ($read:expr, $($field:tt)+) => {
        $crate::settings::definition::Take::One(|settings, text| {
            settings.$($field)+ = $read(text)?;
            Ok(())
        })
    };
}

/// Reads a value into a field that may be empty.
macro_rules! optional {
    ($read:expr, $($field:tt)+) => {
        $crate::settings::definition::Take::Optional(|settings, text| {
            settings.$($field)+ = text.map($read).transpose()?;
            Ok(())
        })
    };
}

/// Reads any number of values into a field.
macro_rules! list {
    ($read:expr, $($field:tt)+) => {
        $crate::settings::definition::Take::List(|settings, texts| {
            settings.$($field)+ = texts.iter().map(|text| $read(text)).collect::<Result<_, String>>()?;
            Ok(())
        })
    };
}

/// Takes `true` or `false` into a field.
macro_rules! switch {
    ($($field:tt)+) => {
        $crate::settings::definition::Take::Switch(|settings, on| settings.$($field)+ = on)
    };
}

pub(super) use {list, one, optional, switch};
